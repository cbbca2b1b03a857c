# An audit leaves nothing: the same rows, sequences, objects, settings and identity before and after, also where it was
# cancelled, ran out of time or memory, or was not allowed to look; and looking alone takes no transaction id.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
# The server keeps house in its catalogs by itself when time goes by.
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE demo');
for my $file ('src/cli/prelude/supabase.sql', sort glob('demo/supabase/migrations/*.sql')) {
    $node->psql('demo', "\\i $file", on_error_stop => 1, on_error_die => 1);
}
$node->safe_psql('demo', <<'SQL');
CREATE EXTENSION rlsproof;
-- Everything an audit could leave behind, as text. The rows of every table, where they lie and who wrote them; not their
-- xmax, in which a change that was rolled back leaves its number.
CREATE SCHEMA watch;
CREATE FUNCTION watch.state() RETURNS text LANGUAGE plpgsql AS $$
DECLARE t regclass; s regclass; part text; total text := '';
BEGIN
  FOR t IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'm') AND relnamespace::regnamespace::text !~ '^(pg_toast|pg_temp|information_schema)'
      AND oid <> 'pg_statistic'::regclass ORDER BY relnamespace::regnamespace::text COLLATE "C", relname COLLATE "C" LOOP
    EXECUTE format('SELECT count(*) || md5(coalesce(string_agg(x.ctid || x.xmin::text || x::text, '','' ORDER BY ctid), '''')) FROM %s x', t) INTO part;
    total := total || t || ' ' || part || E'\n';
  END LOOP;
  FOR s IN SELECT oid FROM pg_class WHERE relkind = 'S' ORDER BY oid LOOP
    EXECUTE format('SELECT last_value || '' '' || is_called FROM %s', s) INTO part;
    total := total || s || ' ' || part || E'\n';
  END LOOP;
  RETURN total;
END $$;
CREATE FUNCTION watch.session() RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', session_user, current_user, current_setting('role'), current_setting('search_path'),
                   current_setting('session_replication_role'), coalesce(current_setting('request.jwt.claims', true), ''), -- never set, or empty: a setting once named stays known

                   (SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings WHERE source = 'session'),
                   (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
                   (SELECT count(*) FROM pg_cursors)) $$;
SQL

my $before = $node->safe_psql('demo', 'SELECT watch.state()');
sub unchanged {
    my ($name) = @_;
    my $after = $node->safe_psql('demo', 'SELECT watch.state()');
    ok($after eq $before, "$name: rows, sequences and catalogs are as they were") or do {
        my %old = map { $_ => 1 } split /\n/, $before;
        diag join "\n", grep { !$old{$_} } split /\n/, $after;
    };
}

# The watch sees what it is there to see.
$node->safe_psql('demo', q{CREATE TABLE watch.probe (i int GENERATED ALWAYS AS IDENTITY)});
isnt($node->safe_psql('demo', 'SELECT watch.state()'), $before, 'a table that is left behind would be seen');
$node->safe_psql('demo', 'DROP TABLE watch.probe');
$before = $node->safe_psql('demo', 'SELECT watch.state()');

for my $call ('rlsproof.audit()', 'rlsproof.verify()', 'rlsproof.lint()', 'rlsproof.access()', 'rlsproof.coverage()', "rlsproof.report('json')", 'rlsproof.draft_matrix()') {
    my $out = $node->safe_psql('demo', "SELECT watch.session(); SELECT count(*) > 0 FROM $call; SELECT watch.session();");
    my ($first, $rows, $last) = split /\n/, $out;
    is($rows, 't', "$call answers");
    is($last, $first, "$call: the session is as it was");
    unchanged($call);
}

# In a transaction of the caller's: it goes on, and what it did itself stays.
my $out = $node->safe_psql('demo', q{
BEGIN; SET LOCAL search_path = watch; CREATE TEMPORARY TABLE mine (i int); INSERT INTO mine VALUES (1);
DO $$ BEGIN PERFORM count(*) FROM rlsproof.verify(); END $$;
SELECT count(*) || current_setting('search_path') FROM mine; ROLLBACK;});
is($out, '1watch', 'the transaction around it goes on');
unchanged('in a transaction');

# Cut off in the middle. Where the time is up differs from run to run; that nothing is left does not.
for my $limit (20, 60, 150, 400) {
    my ($status, undef, $err) = $node->psql('demo', "SET statement_timeout = $limit; SELECT count(*) FROM rlsproof.audit();");
    like($err, qr/canceling statement due to statement timeout/, "$limit ms: cancelled as a cancel") if $status != 0;
    unchanged("a timeout after $limit ms");
}
my ($status, $stdout, $err) = $node->psql('demo', q{SELECT watch.session() AS before \gset
SET statement_timeout = 150; SELECT count(*) FROM rlsproof.audit(); RESET statement_timeout;
SELECT watch.session() = :'before';}, on_error_stop => 0);
like($err, qr/statement timeout/, 'a session was cancelled in an audit');
is($stdout, 't', 'and is who it was');
unchanged('a session that goes on after a cancel');

# Looking alone takes no transaction id.
for my $call ('rlsproof.lint()', 'rlsproof.access()') {
    is($node->safe_psql('demo', "BEGIN; SELECT count(*) > 0 FROM $call; SELECT pg_current_xact_id_if_assigned() IS NULL; COMMIT"), "t\nt",
        "$call takes no transaction id");
}

# Read-only, and on a standby: what can be told is told, and what cannot is unknown with the reason.
$out = $node->safe_psql('demo', q{BEGIN READ ONLY; SELECT DISTINCT reason FROM rlsproof.verify() WHERE verdict = 'unknown' AND evidence = 'none' AND command <> 'EXECUTE'; COMMIT});
is($out, 'nothing can be executed in a read-only transaction', 'read-only: execution says why not');
is($node->safe_psql('demo', q{BEGIN READ ONLY; SELECT count(*) > 10 FROM rlsproof.verify() WHERE verdict = 'open'; COMMIT}), 't',
    'read-only: privilege and predicate answer');
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$out = $standby->safe_psql('demo', q{SELECT DISTINCT reason FROM rlsproof.verify() WHERE verdict = 'unknown' AND evidence = 'none' AND command <> 'EXECUTE'});
is($out, 'nothing can be executed on a standby server', 'standby: execution says why not');
is($standby->safe_psql('demo', q{SELECT count(*) > 10 FROM rlsproof.verify() WHERE verdict = 'open'}), 't', 'standby: privilege and predicate answer');
$standby->stop;

# Bad input is an error of the caller's, and the next call works.
for my $case (["'nobody'", 'NULL', 'NULL', '42704'], ['NULL', "'public.nowhere'", 'NULL', '42704'], ['NULL', 'NULL', "'LOOK'", '22023']) {
    (undef, undef, $err) = $node->psql('demo', "\\set VERBOSITY verbose\nSELECT count(*) FROM rlsproof.verify($case->[0], $case->[1], $case->[2])");
    like($err, qr/ERROR:  $case->[3]: .*HINT/s, "verify($case->[0], $case->[1], $case->[2]) is refused with a hint");
}
unchanged('bad input');

done_testing();
