"""Records: sealed records, revisions, grants, the change feed."""
