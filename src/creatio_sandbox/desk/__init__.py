"""The agent's desk in the browser."""
