"""Sources of data to named fields of numbers: reading, splitting, scaling, meeting the net."""
