"""From files on disk to rated and unrated photographs: tables, photographs, splits, loaders."""
