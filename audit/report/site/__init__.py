"""What makes a site of the report's pages: all that knows of MkDocs, and of Zensical."""
