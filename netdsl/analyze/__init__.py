"""What can be known of a graph without running it: pure folds, each in a file of its own."""
