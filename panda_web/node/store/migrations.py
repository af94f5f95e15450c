"""The tables, as they became what they are: run in order, each once; the number of the last is the format."""

import re

MIGRATIONS = (
    """
    CREATE TABLE authors (
        author BLOB PRIMARY KEY,
        bytes INTEGER NOT NULL              -- what this author's entries and payloads take up
    ) WITHOUT ROWID;
    CREATE TABLE everybody (
        bytes INTEGER NOT NULL              -- the sum of the above, kept up to date: keys cost nothing
    );
    INSERT INTO everybody VALUES (0);
    CREATE TABLE logs (
        id INTEGER PRIMARY KEY,
        author BLOB NOT NULL,
        log_id INTEGER NOT NULL,
        schema TEXT NOT NULL,               -- of the first held message; 132 hex digits
        seq_num INTEGER NOT NULL,           -- of the last entry
        ended INTEGER NOT NULL,             -- whether that is an end of log
        UNIQUE (author, log_id)
    );
    CREATE INDEX logs_by_schema ON logs (schema, author, log_id);
    CREATE TABLE entries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,   -- in order of commit
        log INTEGER NOT NULL REFERENCES logs (id),
        seq_num INTEGER NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        entry BLOB NOT NULL,
        payload BLOB,                       -- NULL: deleted, or never held
        instance BLOB NOT NULL              -- the hash of the create
    );
    CREATE UNIQUE INDEX entries_by_slot ON entries (log, seq_num);
    CREATE INDEX entries_by_instance ON entries (instance);

    CREATE TABLE instances (
        id BLOB PRIMARY KEY,
        log INTEGER NOT NULL REFERENCES logs (id),
        schema TEXT NOT NULL,
        seq_num INTEGER NOT NULL,           -- of the last entry about it
        last_entry BLOB NOT NULL,
        edited INTEGER NOT NULL,
        deleted INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX instances_by_schema ON instances (schema, deleted, id);
    CREATE TABLE fields (
        instance BLOB NOT NULL,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        value,                              -- no affinity: kept and compared as it came; arrays as JSON
        PRIMARY KEY (instance, name)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE erasing (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        deletions INTEGER NOT NULL          -- since the file was rewritten last
    );
    INSERT INTO erasing SELECT 1, EXISTS (SELECT 1 FROM logs);  -- earlier versions left what they deleted
    """,
    """
    CREATE TABLE typed_views (              -- each has a table view_NUMBER beside it
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        schema TEXT NOT NULL,
        columns TEXT NOT NULL,              -- as JSON, to know a view that was made for others
        current INTEGER NOT NULL            -- 0 while it is being filled
    );
    CREATE UNIQUE INDEX typed_views_current ON typed_views (schema) WHERE current;
    """,
    "CREATE TABLE schemas (number INTEGER PRIMARY KEY AUTOINCREMENT, schema TEXT NOT NULL UNIQUE);",
    """
    DROP TABLE typed_views;                 -- nothing was ever put into it
    CREATE TABLE typed_views (              -- each has a table view_NUMBER beside it
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        schema TEXT NOT NULL,
        definition BLOB NOT NULL,           -- of the schema: the message that publishes it
        columns TEXT NOT NULL,              -- as JSON, to know a view that was made for others
        current INTEGER NOT NULL,           -- 0 while it is being filled
        author BLOB NOT NULL DEFAULT x'',   -- of the entry that it is filled up to, in order of
        log_id INTEGER NOT NULL DEFAULT 0,  -- author, log id and seq num
        seq_num INTEGER NOT NULL DEFAULT 0,
        done INTEGER NOT NULL DEFAULT 0     -- how many entries that were
    );
    CREATE INDEX typed_views_by_schema ON typed_views (schema);
    CREATE UNIQUE INDEX typed_views_current ON typed_views (schema) WHERE current;
    CREATE TABLE cascades (                 -- instances in views that are hidden with another one
        source BLOB NOT NULL,
        target BLOB NOT NULL,
        PRIMARY KEY (source, target)
    ) WITHOUT ROWID;
    CREATE INDEX cascades_by_target ON cascades (target);
    CREATE TABLE hidden (
        instance BLOB PRIMARY KEY,
        changing INTEGER NOT NULL           -- 1 within a transaction only
    ) WITHOUT ROWID;
    CREATE INDEX hidden_changing ON hidden (instance) WHERE changing = 1;
    """,
    # A list without items is no value: docs/decisions/emptying.md.
    "DELETE FROM fields WHERE type LIKE '%[]' AND value = '[]';",
    """
    ALTER TABLE authors ADD COLUMN free_log INTEGER NOT NULL DEFAULT 1;  -- the lowest odd log id not in use
    UPDATE authors SET free_log = (
        SELECT min(l.log_id) + 2 FROM logs l WHERE l.author = authors.author AND l.log_id % 2 = 1
        AND NOT EXISTS (SELECT 1 FROM logs n WHERE n.author = l.author AND n.log_id = l.log_id + 2)
    ) WHERE EXISTS (SELECT 1 FROM logs f WHERE f.author = authors.author AND f.log_id = 1);
    CREATE INDEX logs_open ON logs (schema, author, log_id) WHERE NOT ended;
    """,
    # From here on authors are charged for what the database takes, as `node.store.room` says.
    """
    ALTER TABLE everybody RENAME COLUMN bytes TO shown;     -- instances that can be deleted
    UPDATE everybody SET shown = (SELECT count(*) FROM instances WHERE deleted = 0);
    UPDATE authors SET bytes = (
        SELECT total(2048 + 4 * coalesce(length(payload), 0)) FROM entries e JOIN logs l ON l.id = e.log
        WHERE l.author = authors.author AND NOT EXISTS (
            SELECT 1 FROM instances i WHERE i.id = e.instance AND i.deleted AND i.last_entry = e.hash));
    """,
    # What a network brings: logs with gaps, payloads that never came, two entries in a slot.
    """
    ALTER TABLE entries ADD COLUMN state INTEGER NOT NULL DEFAULT 0;    -- of the payload: `PAYLOAD_STATES`
    ALTER TABLE entries ADD COLUMN mark TEXT;   -- why the payload is no message of this log; NULL where it is
    UPDATE entries SET state = 3 WHERE typeof(payload) = 'null';
    DROP INDEX entries_by_slot;
    CREATE INDEX entries_by_slot ON entries (log, seq_num);
    CREATE TABLE deletes (                  -- the delete messages that are held, also of what is not held
        instance BLOB NOT NULL,
        log INTEGER NOT NULL REFERENCES logs (id),
        entry INTEGER NOT NULL REFERENCES entries (number),
        PRIMARY KEY (instance, log, entry)
    ) WITHOUT ROWID;
    INSERT INTO deletes
        SELECT i.id, i.log, e.number FROM instances i JOIN entries e ON e.hash = i.last_entry WHERE i.deleted;
    ALTER TABLE logs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;        -- how many entries
    UPDATE logs SET held = seq_num;
    ALTER TABLE logs ADD COLUMN schema_from INTEGER NOT NULL DEFAULT 1; -- seq num of the message that says it
    ALTER TABLE logs ADD COLUMN condemned INTEGER NOT NULL DEFAULT 9223372036854775807;
    ALTER TABLE logs ADD COLUMN second INTEGER NOT NULL DEFAULT 0;      -- entries that found their slot taken
    DROP INDEX logs_open;
    UPDATE logs SET ended = seq_num WHERE ended;        -- from here on the least seq num of an end of log
    CREATE INDEX logs_open ON logs (schema, author, log_id)
        WHERE NOT ended AND condemned = 9223372036854775807;
    CREATE TABLE log_schemas (              -- of all messages of a log: authors should need one, and may not
        schema TEXT NOT NULL,
        author BLOB NOT NULL,
        log_id INTEGER NOT NULL,
        log INTEGER NOT NULL REFERENCES logs (id),
        PRIMARY KEY (schema, author, log_id)
    ) WITHOUT ROWID;
    INSERT INTO log_schemas SELECT schema, author, log_id, id FROM logs;
    CREATE INDEX log_schemas_by_log ON log_schemas (log);
    DROP INDEX logs_by_schema;
    """,
    # A schema may be registered by itself, and one that its administrator drops is not so registered again.
    """
    ALTER TABLE schemas ADD COLUMN author BLOB;     -- of the definition; NULL: its administrator chose it
    ALTER TABLE schemas ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
    """,
    # There is one kind of view: a table for each schema that is registered.
    """
    DROP TABLE fields;
    DROP TABLE instances;
    """,
    """
    ALTER TABLE typed_views RENAME TO views;
    DROP INDEX typed_views_by_schema;
    DROP INDEX typed_views_current;
    CREATE INDEX views_by_schema ON views (schema);
    CREATE UNIQUE INDEX views_current ON views (schema) WHERE current;
    """,
    # What happens is numbered in order of commit. What happened before has its numbers too: entries in the
    # order in which they were taken in, and behind them the instances that are hidden.
    """
    CREATE TABLE store (id BLOB NOT NULL);      -- one row, made when the database is opened
    CREATE TABLE changes (
        number INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,                  -- 0 entry, 1 proof, 2 payload, 3 shown, 4 hidden
        entry INTEGER NOT NULL                  -- the number of its row
    );
    INSERT INTO changes SELECT number, 0, number FROM entries;
    INSERT INTO changes
        SELECT (SELECT max(number) FROM entries) + row_number() OVER (ORDER BY e.number), 4, e.number
        FROM hidden h JOIN entries e ON e.hash = h.instance;
    CREATE UNIQUE INDEX changes_replaced ON changes (entry, kind > 2) WHERE kind > 1;
    CREATE TABLE commits (
        last INTEGER PRIMARY KEY,               -- the number of its last change
        hash BLOB NOT NULL                      -- of all that was counted up to that
    );
    INSERT INTO commits SELECT number, x'' FROM changes ORDER BY number DESC LIMIT 1;
    """,
    # Where fillings from other nodes go on: with the database goes what they stand for.
    """
    CREATE TABLE places (
        number INTEGER PRIMARY KEY AUTOINCREMENT,   -- in order of when they were put
        source BLOB NOT NULL,                       -- a hash of its name, which others choose
        schema TEXT NOT NULL,
        place TEXT NOT NULL,
        UNIQUE (source, schema)
    );
    """,
    # The nodes that it is kept alike with.
    """
    CREATE TABLE peers (
        number INTEGER PRIMARY KEY AUTOINCREMENT,   -- in order of when they were put
        url TEXT NOT NULL UNIQUE,
        found TEXT NOT NULL,                        -- how: `node.store.peers`
        last_contact REAL,                          -- seconds since 1970
        brought INTEGER NOT NULL,
        sent INTEGER NOT NULL,
        refused INTEGER NOT NULL,
        wrong TEXT
    );
    """,
    # What a node removes by its own rules. On which day an entry came is known from here on: what was there
    # before counts as having come on the day of this.
    """
    CREATE TABLE days (
        day INTEGER PRIMARY KEY,                -- since 1970
        before INTEGER NOT NULL                 -- the entries with greater numbers came on it, or later
    );
    INSERT INTO days SELECT CAST(strftime('%s', 'now') AS INTEGER) / 86400, 0
        WHERE EXISTS (SELECT 1 FROM entries);
    CREATE TABLE dropped (                      -- instances whose payloads are not to be here
        subject BLOB NOT NULL,                  -- the instance; of what is no message, its entry's hash
        log INTEGER NOT NULL REFERENCES logs (id),
        words TEXT,                             -- why, for readers
        PRIMARY KEY (log, subject)
    ) WITHOUT ROWID;
    CREATE INDEX dropped_by_subject ON dropped (subject);
    CREATE TABLE refused (                      -- authors of whom nothing is taken in
        author BLOB PRIMARY KEY,
        words TEXT NOT NULL                     -- why, for readers
    ) WITHOUT ROWID;
    """,
    # Which payloads never came: a node that holds all has none, and who holds few finds them by their log.
    "CREATE INDEX entries_never_held ON entries (log, seq_num) WHERE state = 1;",
    # Which logs are condemned: few are.
    f"CREATE INDEX logs_condemned ON logs (author, log_id) WHERE condemned < {(1 << 63) - 1};",
    # Votes, and what of condemned logs counts by them.
    """
    CREATE TABLE votes (
        author BLOB NOT NULL,                   -- of the log that forks
        log_id INTEGER NOT NULL,
        seq_num INTEGER NOT NULL,               -- where it does
        voter BLOB NOT NULL,
        at INTEGER NOT NULL,                    -- seq num of the vote, in the voter's log
        vote INTEGER NOT NULL REFERENCES entries (number),
        followed BLOB NOT NULL,                 -- the entry that is voted for
        PRIMARY KEY (author, log_id, seq_num, voter, at, vote)
    ) WITHOUT ROWID;
    CREATE INDEX votes_by_voter ON votes (voter, author, log_id);
    CREATE TABLE followed (                     -- what counts though it stands where its log is condemned
        log INTEGER NOT NULL REFERENCES logs (id),
        entry INTEGER NOT NULL REFERENCES entries (number),
        PRIMARY KEY (log, entry)
    ) WITHOUT ROWID;
    CREATE TABLE partings (                     -- where a condemned log parts, as far as it is followed
        log INTEGER NOT NULL REFERENCES logs (id),
        seq_num INTEGER NOT NULL,
        followed BLOB,                          -- the entry that is; NULL: none is
        one INTEGER,                            -- two entries that prove it; NULL at the least place
        other INTEGER,
        PRIMARY KEY (log, seq_num)
    ) WITHOUT ROWID;
    CREATE TABLE recounts (                     -- logs of which it is to be found out anew what counts
        log INTEGER PRIMARY KEY REFERENCES logs (id),
        stamp INTEGER NOT NULL,                 -- another one each time
        before INTEGER NOT NULL,                -- seq num before which views held what counts no more
        upto INTEGER NOT NULL                   -- the same, as far as it is not brought out of them yet
    );
    DROP INDEX changes_replaced;
    CREATE UNIQUE INDEX changes_replaced ON changes (entry, (kind > 2) + (kind > 4)) WHERE kind > 1;
    """,
    # Whose votes count, where pages say it.
    """
    CREATE TABLE trusted (
        author BLOB NOT NULL,
        own INTEGER NOT NULL,                   -- 1: who reads; 0: whom a page named
        PRIMARY KEY (author, own)
    ) WITHOUT ROWID;
    """,
    # What views hold behind a fork that is found out is followed until it is out of them; instances of which
    # something went are not shown until they are made anew; and which votes go is asked by their entries.
    """
    INSERT OR IGNORE INTO followed (log, entry) SELECT e.log, e.number FROM recounts r
        JOIN logs l ON l.id = r.log
        JOIN entries e ON e.log = r.log AND e.seq_num >= l.condemned AND e.seq_num < r.upto;
    ALTER TABLE recounts DROP COLUMN before;
    ALTER TABLE recounts DROP COLUMN upto;
    CREATE TABLE unmade (
        log INTEGER NOT NULL REFERENCES logs (id),
        instance BLOB NOT NULL,
        PRIMARY KEY (log, instance)
    ) WITHOUT ROWID;
    CREATE INDEX votes_by_entry ON votes (vote);
    """,
)

_STATEMENT = re.compile(r"(?:--.*\n|[^;-]+|-)+")


def statements(migration: str) -> list[str]:
    """One by one: what Python has to run them all at once would commit the transaction that they are in."""
    return _STATEMENT.findall(migration)
