-- The columns of the guard's views: names and meaning are a contract, columns may grow at the end. What they show is in
-- test/tap/guard_events.pl: it takes a server that was started with the module.
SELECT a.attrelid::regclass AS view, a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute a
WHERE a.attrelid IN ('rlsproof.guard_events'::regclass, 'rlsproof.guard_recent'::regclass,
                     'rlsproof.guard_queries'::regclass, 'rlsproof.guard_routes'::regclass)
  AND a.attnum > 0
ORDER BY a.attrelid::regclass::text COLLATE "C", a.attnum;

-- Each view has the columns of its function.
SELECT c.relname FROM pg_class c JOIN pg_proc p ON p.proname = c.relname AND p.pronamespace = c.relnamespace
WHERE c.relnamespace = 'rlsproof'::regnamespace AND c.relname LIKE 'guard%'
  AND ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum)
      = p.proargnames
ORDER BY c.relname COLLATE "C";

-- The guarded do not make the guard forget.
CREATE ROLE regress_guarded;
SET ROLE regress_guarded;
SELECT rlsproof.guard_reset();
RESET ROLE;
DROP ROLE regress_guarded;
