"""OData 4 as Creatio speaks it: its grammar, its limits, and the words of its errors."""
