"""What is common to every backend: plan, run folder, the loop over epochs, log, progress."""
