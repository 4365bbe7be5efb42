#!/usr/bin/perl
# Net::SIP as a registrar that challenges: registrar.pl PORT REALM USER=PASSWORD...
# Serves UDP on 127.0.0.1. Says "ready", then a line for each request that
# passed: "register USER EXPIRES".
use strict;
use warnings;
use Net::SIP;
use Net::SIP::Authorize;
use Net::SIP::ReceiveChain;
use Net::SIP::Registrar;

$| = 1;
my ($port, $realm) = splice @ARGV, 0, 2;
my %passwords = map { split /=/, $_, 2 } @ARGV;

my $leg = Net::SIP::Leg->new(addr => '127.0.0.1', port => $port);
my $loop = Net::SIP::Dispatcher::Eventloop->new;
my $dispatcher = Net::SIP::Dispatcher->new([$leg], $loop);
my $authorize = Net::SIP::Authorize->new(
    dispatcher => $dispatcher,
    realm      => $realm,
    user2pass  => sub { $passwords{ $_[0] } },
);
my $registrar = Net::SIP::Registrar->new(
    dispatcher  => $dispatcher,
    min_expires => 5,
    max_expires => 300,
);

# Stands between the two, for the tests to see what was let through.
package Witness;

sub new { bless {}, shift }

sub receive {
    my (undef, $packet) = @_;
    if ($packet->is_request && $packet->method eq 'REGISTER') {
        my ($user) = $packet->get_header('to') =~ /sips?:([^@>]+)@/;
        my $expires = $packet->get_header('expires');
        print 'register ', $user, ' ', $expires // 'none', "\n";
    }
    return;
}

package main;

$dispatcher->set_receiver(Net::SIP::ReceiveChain->new(
    [ $authorize, Witness->new, $registrar ]));
print "ready\n";
$loop->loop;
