# What is kept of the tenant rules, and what an audit makes of it: events with the number of tenants, a session's tenant that
# was to be re-pointed, and roles that no policy binds and that read several tenants.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('tenants');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION rlsproof;
CREATE ROLE app; CREATE ROLE service BYPASSRLS; CREATE ROLE owning;
CREATE TABLE orders (id int PRIMARY KEY, org int, note text);
CREATE TABLE bills (id int PRIMARY KEY, org int);
INSERT INTO orders SELECT g, g % 3, 'n' FROM generate_series(1, 30) g;
INSERT INTO bills SELECT g, g % 2 FROM generate_series(1, 30) g;
ALTER TABLE bills OWNER TO owning;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (org = current_setting('app.org', true)::int);
CREATE POLICY own ON bills USING (org = current_setting('app.org', true)::int);
GRANT SELECT, INSERT, UPDATE ON orders, bills TO app, service;
SELECT rlsproof.tenancy('public.*', 'org', 'setting:app.org');
SQL
my $findings = q{SELECT level, category, object, message, detail, hint, evidence FROM rlsproof.audit() WHERE rule = 'service_reads_tenants' OR rule LIKE 'tenant%'};
my $rules = join '', map { "SET rlsproof.rule_tenant_$_ = warn;" } qw(mixed unpinned repointed);
is($node->safe_psql('postgres', "LOAD 'rlsproof'; $rules SELECT count(*) FROM orders; $findings"), '30', 'without preloading an audit knows of no statement');

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'rlsproof'\nrlsproof.report_interval = 0\n");
$node->restart;
# as(ROLE, SQL)
sub as
{
	my ($role, $sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "$rules SET app.org = '1'; SET ROLE $role; $sql", on_error_stop => 0);
	return $err;
}
is($node->safe_psql('postgres', $findings), '', 'nor of any before there is one');

# --- service roles -----------------------------------------------------------------------------------------------------

is(as('app', 'SELECT count(*) FROM orders; SELECT id FROM bills WHERE id = 3;'), '', 'a role that policies bind reads its own tenant');
as('service', 'SELECT count(*) FROM orders; SELECT note FROM orders WHERE id < 9; SELECT note FROM orders WHERE id < 5; SELECT note FROM orders WHERE id = 3; SELECT note FROM orders WHERE org = 2;');
as('owning', 'SELECT id FROM bills WHERE id = 3; SELECT id FROM bills WHERE id = 5;');
is($node->safe_psql('postgres', $findings), <<'FINDINGS' =~ s/\n\z//r, 'what they read is told by role');
warning|exposure|public.bills|owning reads it without naming a tenant: 2 statements|It is a role that owns the table, so no policy holds its rows back. One shape of query: SELECT id FROM bills WHERE id = $1.|Compare the tenant in the query, or let the work be done by a role that policies bind. What is meant to read all tenants: SELECT rlsproof.waive('tenant_unpinned', 'role:owning', '...', '...'); for the rest ALTER ROLE owning SET rlsproof.rule_tenant_mixed = 'error'.|execution
warning|exposure|public.orders|service reads rows of several tenants: 3 statements, up to 3 at once|It is a role with BYPASSRLS, so no policy holds its rows back. 4 statements named no tenant. 3 shapes of query, mostly this one: SELECT note FROM orders WHERE id < $1.|Compare the tenant in the query, or let the work be done by a role that policies bind. What is meant to read all tenants: SELECT rlsproof.waive('tenant_mixed', 'role:service', '...', '...'); for the rest ALTER ROLE service SET rlsproof.rule_tenant_mixed = 'error'.|execution
FINDINGS
is($node->safe_psql('postgres', $findings), $node->safe_psql('postgres', $findings), 'and the same again');
$node->safe_psql('postgres', 'ALTER TABLE bills FORCE ROW LEVEL SECURITY');
like($node->safe_psql('postgres', $findings), qr/^warning\|exposure\|public\.bills\|seen 2 times: /m, 'an owner whom the policies bind is one role among others');
$node->safe_psql('postgres', 'ALTER TABLE bills NO FORCE ROW LEVEL SECURITY');
$node->safe_psql('postgres', q{SELECT rlsproof.waive('service_reads_tenants', 'public.*', 'a test', '2999-01-01')});
is($node->safe_psql('postgres', $findings), '', 'a waiver silences it');
$node->safe_psql('postgres', q{DELETE FROM rlsproof.waivers; SELECT rlsproof.guard_reset()});
is($node->safe_psql('postgres', $findings), '', 'a reset begins anew');
$node->safe_psql('postgres', q{SELECT rlsproof.waive('tenant_mixed', 'role:service', 'reports', '2999-01-01'), rlsproof.waive('tenant_unpinned', 'role:service', 'reports', '2999-01-01')});
is(as('service', 'SELECT count(*) FROM orders'), '', 'a waiver by role holds the guard back');
is($node->safe_psql('postgres', $findings), '', 'and an audit says nothing of what was waived');
$node->safe_psql('postgres', q{DELETE FROM rlsproof.waivers; SELECT rlsproof.guard_reset()});
$rules .= 'SET rlsproof.rule_tenant_unpinned = off; SET rlsproof.rule_tenant_mixed = error;';
like(as('service', 'SELECT count(*) FROM orders'), qr/ERROR:  rows of 2 tenants of public\.orders are read/, 'refused');
like($node->safe_psql('postgres', $findings), qr/^note\|exposure\|public\.orders\|service was refused rows of several tenants: 1 statement, up to 2 at once\|/, 'is a note');
like($node->safe_psql('postgres', "GRANT USAGE ON SCHEMA rlsproof TO app; SELECT count(*), bool_and(mode = 'error') FROM rlsproof.guard_events"), qr/^1\|t$/, 'and one event');

# --- which tenants: by a hash, in the log -------------------------------------------------------------------------------

$rules = 'SET rlsproof.rule_tenant_mismatch = log; SET rlsproof.rule_tenant_mixed = log;';
my $at = -s $node->logfile;
is(as('service', 'SELECT count(*) FROM orders WHERE id < 3; SELECT count(*) FROM orders WHERE id = 2;'), '', 'a client hears nothing');
my @hashed = map { [/"([0-9a-f]{16})"/g] } slurp_file($node->logfile, $at) =~ /"tenants":\[([^\]]*)\]/g;
is(join(' ', map { scalar @$_ } @hashed), '1 2 1', 'the log has a hash for each of them');
is($hashed[2][0], $hashed[0][0], 'the same for the same tenant in every session');
is((grep { $_ eq $hashed[0][0] } @{$hashed[1]}), 1, 'and for every rule');
$at = -s $node->logfile;
as('service', 'SELECT count(*) FROM orders WHERE id = 2;');
my ($again) = slurp_file($node->logfile, $at) =~ /"tenants":\["([^"]*)"\]/;
is($again, $hashed[0][0], 'also in the next one');
$node->restart;
$at = -s $node->logfile;
as('service', 'SELECT count(*) FROM orders WHERE id = 2; SET rlsproof.show_tenants = on;');
($again) = slurp_file($node->logfile, $at) =~ /"tenants":\["([^"]*)"\]/;
isnt($again, $hashed[0][0], 'and another one when the server starts anew');
$at = -s $node->logfile;
$rules .= 'SET rlsproof.show_tenants = on;';
as('service', 'SELECT count(*) FROM orders WHERE id = 2;');
like(slurp_file($node->logfile, $at), qr/"tenants":\["2"\]/, 'which it is, where that is asked for');

# --- re-pointing -------------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'SELECT rlsproof.guard_reset()');
$rules = 'SET rlsproof.rule_tenant_repointed = error;';
like(as('app', "BEGIN; SET LOCAL app.org = '1'; SELECT count(*) FROM orders; SELECT set_config('app.org', '2', true), count(*) FROM orders; ROLLBACK;"),
	qr/ERROR:  what the session knows its tenant by is changed/, 'another tenant is refused');
is($node->safe_psql('postgres', 'SELECT rule, query, role, database, table_name, mode, reported, held, known, waived, count, max_rows FROM rlsproof.guard_events'),
	'tenant_repointed|SELECT set_config($1, $2, true), count(*) FROM orders|app|postgres||error|1|0|0|0|1|', 'and is an event, without the tenant that was asked for');
is($node->safe_psql('postgres', 'SELECT rule, query, role, table_name, mode, rows FROM rlsproof.guard_recent'),
	'tenant_repointed|SELECT set_config($1, $2, true), count(*) FROM orders|app||error|', 'in the ring as well');

# --- rows of the target that the source lacks ----------------------------------------------------------------------------

SKIP:
{
	skip 'MERGE has no WHEN NOT MATCHED BY SOURCE', 1 if $node->pg_version < 17;
	$node->safe_psql('postgres', <<'SQL');
CREATE VIEW mine AS SELECT * FROM orders WHERE org = current_setting('app.org')::int;
CREATE TABLE parts (id int, note text, org int) PARTITION BY LIST (org);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 (org int, note text, id int);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES IN (2);
INSERT INTO parts SELECT id, note, org FROM orders WHERE org > 0;
CREATE TABLE lines (id int PRIMARY KEY, order_id int);
INSERT INTO lines SELECT id, id FROM orders;
CREATE TABLE names (id int);
INSERT INTO names VALUES (1), (4), (2);
GRANT ALL ON mine, parts, parts_1, parts_2, lines, names, orders TO service, app;
SELECT rlsproof.tenancy('public.lines', 'order_id -> public.orders.org', 'setting:app.org'), rlsproof.tenancy('public.names', 'none');
SQL
	# Each is undone, so that the rows are the same for the next.
	my $merge = sub { my ($role, $target, @actions) = @_;
		return as($role, "BEGIN; MERGE INTO $target t USING names s ON t.id = s.id " . join(' ', @actions) . '; ROLLBACK;'); };
	my $moved = 'WHEN NOT MATCHED BY SOURCE THEN UPDATE SET org = ';
	for my $mode ('warn', 'error')
	{
		my $word = uc($mode eq 'warn' ? 'warning' : 'error');
		$rules = "SET rlsproof.rule_tenant_write = $mode;";
		is($merge->('service', 'mine', "${moved}1"), '', "$mode: rows stay with the session's tenant");
		is($merge->('service', 'mine', q{WHEN NOT MATCHED BY SOURCE THEN UPDATE SET note = 'x'}), '', "$mode: their tenant is left alone");
		is($merge->('service', 'mine', 'WHEN NOT MATCHED BY SOURCE THEN DELETE'), '', "$mode: what is deleted is not written");
		like($merge->('service', 'mine', "${moved}2"), qr/^.*$word: .*public\.orders/, "$mode: rows are moved to another");
		like($merge->('service', 'mine', "${moved}NULL"), qr/^.*$word: .*public\.orders/, "$mode: or to none");
		like($merge->('service', 'mine', 'WHEN MATCHED THEN UPDATE SET org = 1', "${moved}t.id"), qr/^.*$word: .*public\.orders/, "$mode: beside what is matched");
		is($merge->('service', 'mine', 'WHEN NOT MATCHED BY SOURCE AND t.id < 0 THEN UPDATE SET org = 2'), '', "$mode: a condition that no row meets");
		like($merge->('service', 'mine', 'WHEN NOT MATCHED BY TARGET THEN INSERT (id, org) VALUES (s.id + 100, 2)', "${moved}1"), qr/^.*$word: .*public\.orders/, "$mode: beside what is put in");
		like($merge->('service', 'parts', 'WHEN NOT MATCHED BY SOURCE AND t.org = 1 THEN UPDATE SET org = 2'), qr/^.*$word: .*public\.parts/, "$mode: to another partition");
		is($merge->('service', 'parts', 'WHEN NOT MATCHED BY SOURCE AND t.org = 1 THEN UPDATE SET org = 1'), '', "$mode: within a partition");
		like($merge->('service', 'parts', 'WHEN NOT MATCHED BY SOURCE AND t.org = 2 THEN UPDATE SET org = 2'), qr/^.*$word: .*public\.parts/, "$mode: in one with columns in another order");
		like($merge->('service', 'lines', 'WHEN NOT MATCHED BY SOURCE AND t.id = 7 THEN UPDATE SET order_id = 5'), qr/^.*$word: .*public\.lines/, "$mode: by a path");
		is($merge->('service', 'lines', 'WHEN NOT MATCHED BY SOURCE AND t.id = 7 THEN UPDATE SET order_id = 10'), '', "$mode: by a path to the session's own");

		$rules = "SET rlsproof.rule_tenant_mixed = $mode; SET rlsproof.rule_tenant_mismatch = $mode;";
		is($merge->('service', 'mine', 'WHEN NOT MATCHED BY SOURCE THEN DELETE'), '', "$mode: the rows of one tenant, by a view");
		is($merge->('app', 'orders', 'WHEN NOT MATCHED BY SOURCE THEN DELETE'), '', "$mode: or by a policy");
		like($merge->('service', 'orders', 'WHEN NOT MATCHED BY SOURCE THEN DELETE'), qr/$word:  rows of .*public\.orders are/, "$mode: of all tenants");
		# The condition says which rows the source matches, and not which are left.
		like(as('service', 'BEGIN; MERGE INTO orders t USING names s ON t.id = s.id AND t.org = 1 WHEN NOT MATCHED BY SOURCE THEN DELETE; ROLLBACK;'),
			qr/$word:  rows of .*public\.orders are/, "$mode: of all tenants, though ON names one");
		like(as('service', q{BEGIN; MERGE INTO orders t USING names s ON t.id = s.id AND t.org = 1 WHEN MATCHED THEN UPDATE SET note = 'x' WHEN NOT MATCHED BY TARGET THEN INSERT (id, org) VALUES (s.id + 100, 1) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET note = 'left'; ROLLBACK;}),
			qr/$word:  rows of .*public\.orders are/, "$mode: with actions of all kinds");
	}
	$rules = 'SET rlsproof.rule_tenant_unpinned = warn;';
	is($merge->('service', 'mine', 'WHEN NOT MATCHED BY SOURCE THEN DELETE'), '', 'a view names the tenant');
	like(as('service', 'BEGIN; MERGE INTO orders t USING names s ON t.id = s.id AND t.org = 1 WHEN NOT MATCHED BY SOURCE THEN DELETE; ROLLBACK;'),
		qr/WARNING: .*public\.orders/, 'ON does not');
}

# --- a tenant that is in no row -------------------------------------------------------------------------------------------

SKIP:
{
	skip 'no column is computed where it is read', 1 if $node->pg_version < 18;
	$node->safe_psql('postgres', <<'SQL');
CREATE TABLE computed (id int PRIMARY KEY, org int GENERATED ALWAYS AS (id % 2) VIRTUAL);
INSERT INTO computed VALUES (1), (2);
GRANT ALL ON computed TO service;
SQL
	for my $rule ('tenant_mixed', 'tenant_mismatch')
	{
		$rules = "SET rlsproof.rule_$rule = error;";
		like(as('service', 'SELECT count(*) FROM computed'), qr/ERROR:  whose rows of public\.computed are read cannot be seen/, "$rule: a tenant that is computed where it is read");
	}
}

unlike(slurp_file($node->logfile), qr/TRAP|PANIC|signal 11|signal 6/, 'nothing crashed');
$node->stop;
done_testing();
