"""What is true: records, states as tables, plan(). Standard library only; no I/O, no clock."""
