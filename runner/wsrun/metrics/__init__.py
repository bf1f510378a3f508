"""What is measured: histograms, snapshots and how they merge."""
