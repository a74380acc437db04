"""Measures speed and memory: `./dev bench --list`. On this machine alone; stops by itself."""
