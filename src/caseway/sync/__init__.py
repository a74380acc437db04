"""Order and time around the domain: runs, sweeps, repairs. No rules live here."""
