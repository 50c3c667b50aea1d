-- before: adds tables that the code before does not know.
-- What replicas tell one another about Amazon's limits, once a second each: nobody waits here for a request.

-- What is known of one login at its host. Old news is overwritten: nothing here is worth keeping.
CREATE TABLE harvester.budget (
    login text COLLATE "C" PRIMARY KEY,
    rate double precision NOT NULL CHECK (rate > 0),
    ceiling double precision CHECK (ceiling > 0),
    epoch bigint NOT NULL,
    changed_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What each replica could use of it, and what gets through; one that is silent for seconds has given its part back.
CREATE TABLE harvester.budget_part (
    login text COLLATE "C" NOT NULL,
    replica text COLLATE "C" NOT NULL,
    wanted double precision NOT NULL,
    through double precision NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (login, replica)
) WITH (fillfactor = 50);
