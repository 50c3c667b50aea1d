-- before: adds tables that the code before does not know.
-- What Amazon's catalog says about products, kept for a while, and the turns for asking it.

-- One product of one marketplace, as it was read last; shared by all profiles there. `known` false: there is no such
-- product. Facts are overwritten when they are read again: what a decision was made on stands in its findings.
CREATE TABLE harvester.catalog_item (
    marketplace_id text COLLATE "C" NOT NULL,
    asin text COLLATE "C" NOT NULL,
    read_at timestamptz NOT NULL,
    known boolean NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (marketplace_id, asin)
);

-- When the bucket of a Selling Partner login and operation is full again; all replicas take their turns from it.
CREATE TABLE harvester.turn (
    login text COLLATE "C" NOT NULL,
    operation text COLLATE "C" NOT NULL,
    full_at timestamptz NOT NULL,
    PRIMARY KEY (login, operation)
) WITH (fillfactor = 50);
