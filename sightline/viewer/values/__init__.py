"""Display of single values: colors, text, links, times."""
