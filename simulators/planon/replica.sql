-- The read replica: a database of its own that the shim may read. Reference rows are there from the start; rows of
-- `incident` arrive some seconds after Planon committed them. Plain SQL: the simulator runs it on SQLite.
-- Times are text, RFC 3339 with an offset.

CREATE TABLE contract (
    contract_id  VARCHAR(20) NOT NULL PRIMARY KEY,
    mandant_code CHAR(3)     NOT NULL,           -- WBV (housing association) or SCH (schools)
    sla_id       VARCHAR(20) NOT NULL,
    cost_centre  VARCHAR(20) NOT NULL,
    category     VARCHAR(30) NOT NULL            -- a value of BO_CATEGORY
);

CREATE TABLE tenant (
    tenant_id      VARCHAR(20) NOT NULL PRIMARY KEY,
    tenant_code    CHAR(4)     NOT NULL UNIQUE,  -- printed on every invoice
    mandant_code   CHAR(3)     NOT NULL,
    telephone      VARCHAR(40),                  -- as somebody typed it; two tenants may share a number
    telephone_2    VARCHAR(40),
    street         VARCHAR(60) NOT NULL,
    house_number   INTEGER     NOT NULL,
    house_addition VARCHAR(6),
    postcode       VARCHAR(7)  NOT NULL,         -- with or without the space
    city           VARCHAR(40) NOT NULL,
    property_id    VARCHAR(20) NOT NULL,
    location_id    VARCHAR(20) NOT NULL,         -- housemates share one
    contract_id    VARCHAR(20) NOT NULL REFERENCES contract
);

-- What a planner calls the priority, per contract. A severity without a row has no priority in that contract: nobody may
-- choose one. WBV uses 1 to 4, SCH uses 1 to 5.
CREATE TABLE priority_matrix (
    contract_id VARCHAR(20) NOT NULL REFERENCES contract,
    severity    VARCHAR(30) NOT NULL,
    priority    INTEGER     NOT NULL,
    PRIMARY KEY (contract_id, severity)
);

-- What a document must carry in BO_PRIORITY is appsuite_code, not priority. The two mandants differ by one: WBV's 1 to 4
-- are coded 1 to 4, the schools' 1 to 5 are coded 0 to 4. Priority 2 of a school sent as 2 is accepted, means 3, and the
-- SLA stays empty.
CREATE TABLE priority_code (
    mandant_code  CHAR(3) NOT NULL,
    priority      INTEGER NOT NULL,
    appsuite_code INTEGER NOT NULL,
    PRIMARY KEY (mandant_code, priority),
    UNIQUE (mandant_code, appsuite_code)
);

-- The SLA engine's own rows: the due time is the report date plus `minutes`.
CREATE TABLE sla_window (
    sla_id        VARCHAR(20) NOT NULL,
    mandant_code  CHAR(3)     NOT NULL,
    appsuite_code INTEGER     NOT NULL,
    minutes       INTEGER     NOT NULL,
    PRIMARY KEY (sla_id, appsuite_code)
);

CREATE TABLE asset (
    asset_code  VARCHAR(20) NOT NULL PRIMARY KEY,
    location_id VARCHAR(20) NOT NULL,
    name        VARCHAR(60) NOT NULL
);

-- A copy of the ledger, late by the replica's lag. What the document left out is NULL; sla_start and sla_due are NULL
-- unless the SLA clock runs.
CREATE TABLE incident (
    syscode         INTEGER     NOT NULL PRIMARY KEY,
    incident_number VARCHAR(40) NOT NULL UNIQUE,
    external_ref    VARCHAR(32) NOT NULL,        -- not unique: the backend has no idempotency key
    tenant_id       VARCHAR(20),
    mandant_code    CHAR(3),
    contract_id     VARCHAR(20),
    status          VARCHAR(20) NOT NULL,        -- Reported, In progress, Completed or Canceled
    priority        INTEGER,                     -- BO_PRIORITY: the appsuite_code
    reported_on     VARCHAR(25),
    description     VARCHAR(6000),
    sla_start       VARCHAR(25),
    sla_due         VARCHAR(25),
    committed_at    VARCHAR(32) NOT NULL
);

CREATE INDEX tenant_by_postcode ON tenant (postcode, house_number);
CREATE INDEX incident_by_tenant ON incident (tenant_id);
