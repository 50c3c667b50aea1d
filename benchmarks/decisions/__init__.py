"""How good decisions are: seasons of simulated markets whose true rates nobody but the simulation knows."""
