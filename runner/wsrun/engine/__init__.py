"""The load engine: one process's share of a plan, from the schedule to the recorded sample."""
