"""The clients that are compared: one module each, one row of ``table.PEERS`` each."""
