-- before: adds a table that the code before does not know.

-- Names of brands as Amazon told them, by marketplace: an id says nothing to a reviewer.
CREATE TABLE harvester.brand (
    country text COLLATE "C" NOT NULL,
    brand_id text COLLATE "C" NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    told_at timestamptz NOT NULL,
    PRIMARY KEY (country, brand_id)
);
