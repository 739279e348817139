from __future__ import annotations

import math

import pytest

from vertex_flow.engine.tuning.curves import Curve, chance_to_win, forecast

STEPS = tuple(float(step) for step in range(1, 21))


def curve(top: float, *, until: int = 20, wobble: float = 0.0) -> Curve:
    """A learning curve that ends near `top`, with some noise that is the same every time."""
    values = tuple(
        top * (1 - math.exp(-step / 5)) + wobble * math.sin(7 * step * (1 + top)) for step in STEPS
    )
    return Curve(STEPS[:until], values[:until])


FINISHED = [curve(top, wobble=0.005) for top in (0.55, 0.6, 0.7, 0.75, 0.8, 0.9)]


class TestChanceToWin:
    def test_a_bad_trial_has_none(self):
        assert chance_to_win(curve(0.5, until=8, wobble=0.005), FINISHED) < 0.01

    def test_a_good_trial_has_one(self):
        assert chance_to_win(curve(0.95, until=8, wobble=0.005), FINISHED) > 0.5

    @pytest.mark.parametrize("top", [0.4, 0.5, 0.6, 0.7])
    def test_every_bad_one_is_found_halfway(self, top):
        assert chance_to_win(curve(top, until=10, wobble=0.005), FINISHED) < 0.01

    @pytest.mark.parametrize("top", [0.9, 0.95, 1.0, 1.1])
    @pytest.mark.parametrize("until", [4, 8, 12, 16])
    def test_no_good_one_is_lost(self, top, until):
        assert chance_to_win(curve(top, until=until, wobble=0.005), FINISHED) > 0.01

    def test_a_slow_start_is_forgiven_where_others_rose_late(self):
        """By their level alone, as by the median, this trial would be stopped."""
        late = [
            Curve((1.0, 2.0, 3.0, 4.0), (start, start, start + 0.05, 0.8 + 0.5 * (0.3 - start)))
            for start in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35)
        ]
        running = Curve((1.0, 2.0), (0.05, 0.05))
        assert chance_to_win(running, late) > 0.01

    def test_few_finished_trials_say_nothing(self):
        assert chance_to_win(curve(0.1, until=8), FINISHED[:4]) is None

    def test_trials_that_ended_before_say_nothing(self):
        short = [curve(top, until=4) for top in (0.5, 0.6, 0.7, 0.8, 0.9)]
        assert chance_to_win(curve(0.1, until=8), short) is None

    def test_curves_that_are_all_alike(self):
        flat = [Curve((1.0, 2.0), (0.5, 0.5))] * 5
        assert chance_to_win(Curve((1.0,), (0.1,)), flat) < 0.01
        assert chance_to_win(Curve((1.0,), (0.9,)), flat) > 0.99


class TestForecast:
    @pytest.mark.parametrize("top", [0.3, 0.6, 0.9])
    @pytest.mark.parametrize("until", [5, 10, 15])
    def test_the_most_is_never_too_little(self, top, until):
        ahead = forecast(curve(top, until=until), FINISHED, end=20.0)
        assert ahead.most >= curve(top).values[-1]

    @pytest.mark.parametrize("top", [0.3, 0.6, 0.9])
    def test_what_is_likely_is_close(self, top):
        ahead = forecast(curve(top, until=10), [], end=20.0)
        assert abs(ahead.likely - curve(top).values[-1]) < 0.05 * top

    def test_nothing_can_be_said_of_a_flat_curve(self):
        assert forecast(Curve((1.0, 2.0, 3.0), (0.5, 0.5, 0.5)), FINISHED, end=20.0) is None

    def test_a_falling_curve_stays_where_it_is(self):
        ahead = forecast(Curve((1.0, 2.0, 3.0), (0.5, 0.4, 0.3)), [], end=20.0)
        assert (ahead.most, ahead.likely) == (0.5, 0.3)

    def test_a_steady_rise_goes_on(self):
        ahead = forecast(Curve((1.0, 2.0, 3.0), (0.1, 0.2, 0.3)), [], end=5.0)
        assert ahead.likely == pytest.approx(0.5)
