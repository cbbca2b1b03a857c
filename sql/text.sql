-- SQL as text: shape, normal form, statements. No fingerprint is shown: libpg_query's majors differ in those of DDL.
\pset null ''
SET client_min_messages = warning;

-- Constants out, in whatever quotes and wherever they stand.
CREATE TEMP TABLE query (n serial, sql text);
INSERT INTO query (sql) VALUES
('select * from users where email = ''ann@example.org'' and age > 42'),
('SELECT  a ,b FROM t -- Ann''s phone: 555-0100
  WHERE x IN (1, -2, 3.5e7) /* secret /* nested */ */ AND y = E''it\''s'''),
('select $1, $tag$ dollar $x$ quoted $tag$, U&''d\0061t'', U&''d!0061t'' UESCAPE ''!'', N''nation'', B''01'', X''1f'''),
('select ''a''
  ''b'' , ''c''--secret
  ''d'''),
('select''tight''from t where a=''x''and b=2'),
('select a-1, -1, (-1), - 1, a - -1, null-1, case when -1 > a then -1 else - .5 end'),
('select interval ''1 day'', interval(3) ''1'', date ''2020-01-01'', float(3) ''1.5'', ''x''::varchar(10), mytype(1) ''x'''),
('select U&"d!0061t" UESCAPE ''!'', "quoted ''name''" from "T" limit 5 offset 10'),
('select a[1:2], b->>''ssn'', c #>> ''{a,b}'' from t fetch first 5 rows only'),
('insert into t values (1, ''a''), (2, default) on conflict (a) do update set b = ''x'' returning 7'),
('do $$ begin perform ''secret''; end $$'),
('do language plpgsql ''begin perform 1; end'''),
('create function f(a int default 5) returns int language sql cost 10 set x.y = ''s'' as $f$ select ''secret'' $f$'),
('create function f() returns int language sql begin atomic select 1; select case when 2 > 1 then 3 end; end'),
('comment on table t is ''secret'''),
('security label for x on table t is ''secret'''),
('alter role ann password ''secret'' valid until ''2030-01-01'''),
('create user ann connection limit 5 encrypted password ''secret'''),
('create user mapping for ann server s options (user ''ann'', password ''secret'')'),
('create subscription s connection ''host=x password=secret'' publication p'),
('alter system set x.y = ''secret'', 5'),
('set a.b to ''secret'', -1'),
('set time zone interval ''1'' hour to minute'),
('execute p(1, ''secret'')'),
('prepare p(int) as select $1 + 1'),
('copy t from ''/srv/secret'' with (delimiter '','', null ''x'')'),
('copy (select 1) to program ''secret'' csv quote ''"'''),
('notify c, ''secret'''),
('load ''secret'''),
('create table t (a varchar(10) default ''x'', b numeric(10,2) check (b > 1), c int[3]) with (fillfactor = 70)'),
('create table p partition of t for values from (''a'', 1) to (maxvalue, 5)'),
('create type e as enum (''a'', ''b'')'),
('alter type e add value ''c'' before ''b'''),
('create sequence s increment by -1 minvalue -5 start 3'),
('create policy p on t using (a = ''secret'' and b = 5)'),
('create rule r as on insert to t do also (insert into u values (1); notify x, ''y'')'),
('create trigger t after insert on t execute function f(''a'', 1)'),
('explain (analyze true, format ''json'') select 1'),
('fetch 5 from c'),
('commit prepared ''secret'''),
('set transaction snapshot ''secret'''),
('select substring(''abc'' from 1 for 2), extract(''year'' from d), overlay(''a'' placing ''b'' from 1), trim(''x'' from ''y'')'),
('select 1; ; select ''b'';'),
(''),
(' -- nothing'),
('select ''é'', "é", ''日本語''');
SELECT n, rlsproof.normalize(sql) FROM query ORDER BY n;
-- Idempotent, of the same shape, and no constant is left.
SELECT n, sql FROM query WHERE rlsproof.normalize(sql) IS DISTINCT FROM rlsproof.normalize(rlsproof.normalize(sql));
SELECT n, sql FROM query WHERE rlsproof.fingerprint(sql) IS DISTINCT FROM rlsproof.fingerprint(rlsproof.normalize(sql));
SELECT n, sql FROM query WHERE rlsproof.normalize(sql) ~ 'secret|555';
-- Parameters are numbered as they appear; the same parameter keeps one number.
SELECT rlsproof.normalize('select $7, ''x'', $3, $7 from t where a = $3 limit 1');

-- Shapes: equal but for constants, spacing and comments.
SELECT a, b, rlsproof.fingerprint(a) = rlsproof.fingerprint(b) AS equal FROM (VALUES
    ('select 1', 'SELECT  ''x'' -- y'),
    ('select -1', 'select $1'),
    ('select a from t where b in (1, 2)', 'select a from t where b in (3)'),
    ('comment on table t is ''a''', 'comment on table t is ''b'''),
    ('do $$ a $$', 'do ''b'''),
    ('alter role x password ''a''', 'alter role x password ''b'''),
    ('create table t (a varchar(5))', 'create table t (a varchar(50))'),
    ('', '/* nothing */'),
    ('select a from t', 'select b from t'),
    ('select a from t', 'select a from u'),
    ('select a from t where b = 1', 'select a from t where b > 1'),
    ('comment on table t is ''a''', 'comment on table u is ''a''')) AS v(a, b);

-- Statements, with characters counted from 1.
CREATE FUNCTION pg_temp.check_split(sql text) RETURNS TABLE (ordinal integer, start integer, length integer, statement text, same boolean)
    LANGUAGE sql AS 'SELECT s.*, substr(sql, s.start, s.length) = s.statement FROM rlsproof.split(sql) AS s';
SELECT * FROM pg_temp.check_split('é; /* é; */ select ''日;本'' ;; -- x;
 select "a;b", $q$ ; $q$; create rule r as on insert to t do (select 1; select 2); broken (; select 3');
SELECT * FROM pg_temp.check_split('create or replace function f() returns int begin atomic; select 1; select case 1 when 1 then 2 end; end; select 2');
SELECT * FROM pg_temp.check_split('begin; select 1; end; select case a when 1 then 2 end; commit');
SELECT * FROM pg_temp.check_split(' ; -- nothing ');
SELECT * FROM rlsproof.split(NULL);

-- Mistakes: 42601, and where.
SELECT rlsproof.normalize('selec 1');
\echo :LAST_ERROR_SQLSTATE
SELECT rlsproof.fingerprint('select ''é'', /* é */ frm x y z');
SELECT rlsproof.normalize('comment on table t is $1 nonsense');
SELECT rlsproof.normalize('create table t ($1 int)');
SELECT rlsproof.normalize('select ''abc');
SELECT rlsproof.split('select 1; select $q$ abc');
\echo :LAST_ERROR_SQLSTATE
SELECT rlsproof.split('select 1 /* abc');
SELECT rlsproof.normalize('select "abc');
-- Too deep, and too much: an error, never a crash.
SELECT rlsproof.normalize('select ' || repeat('(', 100000) || '1' || repeat(')', 100000));
SELECT rlsproof.fingerprint('select ' || repeat('f(', 100000) || '1' || repeat(')', 100000));
SELECT rlsproof.fingerprint('select 1' || repeat(' union select 1', 6000));
SELECT rlsproof.fingerprint('select 1' || repeat('+1', 500000)) = rlsproof.fingerprint('select 2' || repeat('+ 1', 500000)) AS equal;
SELECT length(rlsproof.normalize('select 1' || repeat(' union select 1', 100000)));
SELECT length(rlsproof.normalize('insert into t values (1)' || repeat(', (''x'', 2)', 100000)));
SELECT count(*), max(start) FROM rlsproof.split(repeat('select ''é'';', 100000));
SELECT rlsproof.split(repeat('x', 17000000));
-- A cancelled split leaves nothing behind; thousands of mistakes neither.
DO $$ BEGIN
    FOR i IN 1..5000 LOOP
        BEGIN
            PERFORM rlsproof.normalize('selec ' || i), rlsproof.fingerprint('select '' ' || i);
        EXCEPTION WHEN syntax_error THEN NULL;
        END;
    END LOOP;
END $$;
SELECT rlsproof.normalize('select 1');
