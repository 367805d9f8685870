"""Everything that a spec can call, described once; no framework in sight."""
