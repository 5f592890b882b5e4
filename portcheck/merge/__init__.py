"""Reports of several places as one matrix, and what only the comparison tells. Pure: nothing here sends or reads."""
