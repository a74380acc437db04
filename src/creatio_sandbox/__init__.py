"""A stand-in for Creatio that one can run on a laptop. It shares no code with caseway."""
