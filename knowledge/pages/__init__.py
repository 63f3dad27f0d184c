"""Pages of the help centre: `public` and `answering` for readers, `widget` for programs of our own pages."""
