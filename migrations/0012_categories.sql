-- before: adds tables that the code before does not know.

-- When the categories of a marketplace were read.
CREATE TABLE harvester.category_tree (
    country text COLLATE "C" PRIMARY KEY,
    read_at timestamptz NOT NULL,
    categories integer NOT NULL CHECK (categories >= 0)
);

-- Its categories, in the order of the tree: those below one have the places after its own up to `last_below`. One that
-- hangs from two others is there twice.
CREATE TABLE harvester.category (
    country text COLLATE "C" NOT NULL REFERENCES harvester.category_tree ON DELETE CASCADE,
    place integer NOT NULL,
    last_below integer NOT NULL CHECK (last_below >= place),
    category_id text COLLATE "C" NOT NULL,
    parent_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    path text NOT NULL,
    targetable boolean NOT NULL,
    products_least bigint,
    products_most bigint,
    PRIMARY KEY (country, place),
    CHECK ((products_least IS NULL) = (products_most IS NULL))
);
CREATE INDEX category_by_id ON harvester.category (country, category_id);
