"""The embedded search index and its pages."""
