"""Specs in one style: from text to text, by the tokens as they are written.

The tokens are read with the comments between them (`pieces`), nested as their brackets are
(`rows`), and given their spaces (`spacing`). Lines are broken where the author broke them and where
they grow too long (`breaks`), columns are aligned where the author aligned them (`columns`).
"""
