"""What backends that write Python share. From: an `ElaboratedNet`. To: classes, all explained.

A class is what the bodies of a block have in common; a backend writes it as a class or a function.
Nothing here knows a framework: what must be known of it is a `Target`.
"""
