"""From a graph to the code of a framework: a package for each, which alone knows its customs."""
