"""What a run costs: an estimate before it, from prices and earlier runs."""
