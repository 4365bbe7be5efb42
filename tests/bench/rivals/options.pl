#!/usr/bin/perl
# OPTIONS by Net::SIP: options.pl ADDR:PORT COUNT OPEN
use strict;
use warnings;
use Net::SIP;
use Net::SIP::Util 'create_socket_to';

my ($to, $count, $open) = @ARGV;
my ($started, $over, $finished) = (0, 0);
my $loop = Net::SIP::Dispatcher::Eventloop->new;
my $leg = Net::SIP::Leg->new(sock => scalar create_socket_to('127.0.0.1'));
my $dispatcher = Net::SIP::Dispatcher->new([$leg], $loop);
my $endpoint = Net::SIP::Endpoint->new($dispatcher);

sub start {
	return if $started >= $count;
	$started++;
	$endpoint->new_request('OPTIONS',
		{ from => 'sip:bench@127.0.0.1', to => "sip:$to" },
		sub {
			my ($ep, $ctx, $error, $code) = @_;
			return if !$error && defined $code && $code < 200;
			$finished = ++$over >= $count;
			$ep->close_context($ctx);
			start();
		});
}

start() for 1 .. $open;
$loop->loop(60, \$finished);
