"""Target harvesting for Amazon Sponsored Products: reviewed, recorded, undoable."""
