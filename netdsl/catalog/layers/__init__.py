"""The layers, a file for each family; a word leads to the one file that is then imported."""
