"""Parity: what backends make of one net with the same weights and the same batch, compared."""
