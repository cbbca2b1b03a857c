# A session that speaks the v3 protocol by hand, for what libpq cannot say: portals that are executed in parts, left
# alone, and taken up again. Trust authentication over a Unix socket; one message at a time, nothing asynchronous.
package RawSession;

use strict;
use warnings FATAL => 'all';

use IO::Socket::UNIX;

# RawSession->new($node, user => 'postgres', database => 'postgres', options => '-c name=value')
sub new
{
	my ($class, $node, %with) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $node->host . '/.s.PGSQL.' . $node->port) or die "no connection: $!";
	my $self = bless { socket => $socket }, $class;
	my $labels = join '', map { "$_\0" } 'user', $with{user} // 'postgres', 'database', $with{database} // 'postgres',
		defined $with{options} ? ('options', $with{options}) : ();
	my $startup = pack('N', 196608) . "$labels\0";
	$socket->syswrite(pack('N', 4 + length $startup) . $startup);
	$self->until_ready;
	return $self;
}

sub send_message
{
	my ($self, $type, $body) = @_;
	$self->{socket}->syswrite($type . pack('N', 4 + length $body) . $body);
}

sub parse { my ($self, $name, $sql) = @_; $self->send_message('P', "$name\0$sql\0" . pack('n', 0)) }
sub describe { my ($self, $portal) = @_; $self->send_message('D', "P$portal\0") }
sub execute { my ($self, $portal, $rows) = @_; $self->send_message('E', "$portal\0" . pack('N', $rows // 0)) }
sub close_portal { my ($self, $portal) = @_; $self->send_message('C', "P$portal\0") }

# bind(PORTAL, STATEMENT, VALUES as text...)
sub bind
{
	my ($self, $portal, $statement, @values) = @_;
	my $parameters = join '', map { defined $_ ? pack('N/a*', $_) : pack('N', 0xffffffff) } @values;
	$self->send_message('B', "$portal\0$statement\0" . pack('n', 0) . pack('n', scalar @values) . $parameters . pack('n', 0));
}

sub exactly
{
	my ($self, $length) = @_;
	my $bytes = '';
	while (length $bytes < $length)
	{
		$self->{socket}->sysread($bytes, $length - length $bytes, length $bytes) or die 'the server closed the connection';
	}
	return $bytes;
}

# What came until the server was ready again: { rows => [...], tags => [...], notices => [...], error => {...} or undef,
# suspended => how often a portal stopped short }.
sub until_ready
{
	my ($self) = @_;
	my %came = (rows => [], tags => [], notices => [], suspended => 0, error => undef);
	while (1)
	{
		my ($type, $length) = unpack 'a N', $self->exactly(5);
		my $body = $self->exactly($length - 4);
		last if $type eq 'Z';
		push @{ $came{rows} }, row($body) if $type eq 'D';
		# Lines of COPY, and the result of a function message.
		push @{ $came{rows} }, $body if $type eq 'd';
		push @{ $came{rows} }, substr $body, 4 if $type eq 'V';
		push @{ $came{tags} }, unpack('Z*', $body) if $type eq 'C';
		push @{ $came{notices} }, fields($body) if $type eq 'N';
		$came{error} = fields($body) if $type eq 'E';
		$came{suspended}++ if $type eq 's';
	}
	return \%came;
}

sub row
{
	my ($body) = @_;
	my ($count, @values) = (unpack('n', $body));
	my $at = 2;
	for (1 .. $count)
	{
		my $length = unpack 'N', substr $body, $at, 4;
		$at += 4;
		if ($length == 0xffffffff) { push @values, 'NULL'; next }
		push @values, substr $body, $at, $length;
		$at += $length;
	}
	return join '|', @values;
}

sub fields
{
	my ($body) = @_;
	return { map { substr($_, 0, 1) => substr($_, 1) } grep { length } split /\0/, $body };
}

sub sync { my ($self) = @_; $self->send_message('S', ''); return $self->until_ready }
sub query { my ($self, $sql) = @_; $self->send_message('Q', "$sql\0"); return $self->until_ready }
sub finish { my ($self) = @_; $self->send_message('X', ''); $self->{socket}->close }

1;
