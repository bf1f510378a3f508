"""The embedded demo server: a WebSocket target that behaves as told, and counts exactly.

It runs as a process of its own (``python -m wsrun.demo``, started by ``wsrun.demo.process.DemoServer``), so
that its load and its pauses never mix with those of the load generator. Of wsrun it imports the units only.

============== ========================================================================
``server``     the process: socket, signals, announcement
``doorway``    reads a request head, answers HTTP, hands WebSocket connections to picows
``service``    what all connections share
``connection`` one WebSocket connection: counting, closing, flow control
``paths``      one module for each WebSocket path, and the table of them
``monitoring`` the HTTP pages: statistics, connections, counts, administration
``latency``    scripted delays; ``deadlines`` keeps them to a fraction of a millisecond
============== ========================================================================
"""
