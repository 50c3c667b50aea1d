"""Made-up names of brands, with the oddities that real ones have."""

NAMES = (
    *("Northwell Home", "Brightleaf", "Ostara", "Cedar & Finch", "Kestrel Outdoor", "Lumio", "Harborside", "Velvetine"),
    *("Tidewater", "Copperpot", "Fable & Oak", "Juniper Lane", "Stonebridge", "Milo's Workshop", "Aurelia", "Quillon"),
    *("Wanderwell", "Petal & Pine", "Ironclad Tools", "Sunday Baker", "Blue Heron", "Glow Theory", "Nomad Supply"),
    *("Rivet", "Maison Clairé", "Tuck & Fold", "Evergreen Valley", "Pixel Foundry", "Little Sparrow", "Bramble"),
    *("Atlas Fitness", "Snugli", "Marlow", "Pocket Garden", "Fernhill", "Cloudrest", "Zephyr Audio", "Hearth & Hound"),
    *("Oakmont", "Saltbox", "Vantage Optics", "Paper Crane", "Coral Bay", "Kindling", "Willowbrook", "Trailmark"),
)
