#!/usr/bin/perl
# Net::SIP calls: uac.pl PORT call|cancel|message URI. call: hangs up a moment after
# the answer; cancel: gives up when it rings. Says "ready", then
# each status that comes, "METHOD STATUS". Its status is 0 when all went well.
use strict;
use warnings;
use Net::SIP;

$| = 1;
my ($port, $what, $uri) = @ARGV;

my $leg = Net::SIP::Leg->new(addr => '127.0.0.1', port => $port);
my $loop = Net::SIP::Dispatcher::Eventloop->new;
my $dispatcher = Net::SIP::Dispatcher->new([$leg], $loop);
my $endpoint = Net::SIP::Endpoint->new($dispatcher);
my %peers = (from => "sip:perl\@127.0.0.1:$port", to => $uri,
             contact => "sip:perl\@127.0.0.1:$port");
my ($cancelled, $done);

sub hang_up {
    my $ctx = shift;
    $endpoint->new_request('BYE', $ctx, sub { $done = 1 if told(@_) == 200 });
}

# Prints the status and returns it; a failure without one ends the program.
sub told {
    my (undef, undef, $errno, $code, $response) = @_;
    die "no answer: $errno\n" if !$response;
    print $response->method, " $code\n";
    return $code;
}

sub on_invite {
    my ($ep, $ctx) = @_;
    my $code = told(@_);
    if ($what eq 'cancel') {
        $endpoint->cancel_invite($ctx, undef, sub { told(@_) })
            if $code == 180 && !$cancelled++;
        $done = 1 if $code == 487;
    } elsif ($code == 200) {
        $dispatcher->add_timer(0.2, sub { hang_up($ctx) });
    } elsif ($code >= 300) {
        exit 1;
    }
}

print "ready\n";
if ($what eq 'message') {
    $endpoint->new_request('MESSAGE', \%peers,
        sub { $done = 1 if told(@_) == 200 },
        'Hello from Perl', 'content-type' => 'text/plain');
} else {
    my $sdp = Net::SIP::SDP->new(
        { addr => '127.0.0.1' },
        { port => 4000, proto => 'RTP/AVP', media => 'audio', fmt => 0 });
    $endpoint->invite(\%peers, \&on_invite, $sdp);
}
$loop->loop(20, \$done);
# The ACK of a 487 goes out with the loop.
$loop->loop(0.1) if $done;
exit($done ? 0 : 1);
