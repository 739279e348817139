"""What a run looks like to the people who follow it."""
