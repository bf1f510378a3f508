"""When things happen: pauses, levels, schedules and populations as pure functions of time and count."""
