"""A plugin of netdsl. Nothing of it is imported before a spec names what it adds."""
