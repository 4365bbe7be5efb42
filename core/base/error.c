/* The words, classes and exit statuses of every error. */

#include "core/base/error.h"

const char *error_text(enum error err)
{
	switch (err) {
	case OK:
		return "no error";
	case ERR_NOMEM:
		return "out of memory";
	case ERR_SYNTAX:
		return "syntax error";
	case ERR_LIMIT:
		return "limit reached";
	case ERR_BAD_STATE:
		return "not possible in this state";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_UNSUPPORTED:
		return "not supported";
	case ERR_TIMEOUT:
		return "timed out";
	case ERR_REFUSED:
		return "connection refused";
	case ERR_UNREACHABLE:
		return "host or network unreachable";
	case ERR_RESET:
		return "connection closed by the peer";
	case ERR_NETWORK:
		return "network error";
	case ERR_AGAIN:
		return "would block";
	case ERR_ADDRESS_IN_USE:
		return "address already in use";
	case ERR_NO_TRANSPORT:
		return "no such transport here";
	case ERR_DNS:
		return "name does not resolve";
	case ERR_TLS:
		return "TLS failure";
	case ERR_AUTH:
		return "authentication failed";
	case ERR_PROTOCOL:
		return "the peer broke the protocol";
	case ERR_IO:
		return "input or output error";
	case ERR_CANCELLED:
		return "cancelled";
	case ERR_INTERNAL:
		return "internal error";
	}
	return "unknown error";
}

enum error_class error_class(enum error err)
{
	switch (err) {
	case OK:
	case ERR_CANCELLED:
		return CLASS_NONE;
	case ERR_SYNTAX:
	case ERR_LIMIT:
	case ERR_BAD_STATE:
	case ERR_NOT_FOUND:
	case ERR_UNSUPPORTED:
	case ERR_IO:
		return CLASS_USAGE;
	case ERR_TIMEOUT:
		return CLASS_TIMEOUT;
	case ERR_REFUSED:
	case ERR_UNREACHABLE:
	case ERR_RESET:
	case ERR_NETWORK:
	case ERR_AGAIN:
	case ERR_ADDRESS_IN_USE:
	case ERR_NO_TRANSPORT:
		return CLASS_NETWORK;
	case ERR_DNS:
		return CLASS_DNS;
	case ERR_TLS:
		return CLASS_TLS;
	case ERR_AUTH:
		return CLASS_AUTH;
	case ERR_PROTOCOL:
		return CLASS_PROTOCOL;
	case ERR_NOMEM:
	case ERR_INTERNAL:
		return CLASS_INTERNAL;
	}
	return CLASS_INTERNAL;
}

const char *error_class_name(enum error_class c)
{
	switch (c) {
	case CLASS_NONE:
		return "";
	case CLASS_REFUSED:
		return "refused";
	case CLASS_USAGE:
		return "usage";
	case CLASS_TIMEOUT:
		return "timeout";
	case CLASS_NETWORK:
		return "network";
	case CLASS_DNS:
		return "dns";
	case CLASS_TLS:
		return "tls";
	case CLASS_AUTH:
		return "auth";
	case CLASS_EXPECT:
		return "expect";
	case CLASS_PROTOCOL:
		return "protocol";
	case CLASS_INTERNAL:
		return "internal";
	}
	return "internal";
}

int error_class_status(enum error_class c)
{
	switch (c) {
	case CLASS_NONE:
		return 0;
	case CLASS_REFUSED:
		return 1;
	case CLASS_USAGE:
		return 2;
	case CLASS_TIMEOUT:
		return 3;
	case CLASS_NETWORK:
		return 4;
	case CLASS_DNS:
		return 5;
	case CLASS_TLS:
		return 6;
	case CLASS_AUTH:
		return 7;
	case CLASS_EXPECT:
		return 8;
	case CLASS_PROTOCOL:
		return 9;
	case CLASS_INTERNAL:
		return 70;
	}
	return 70;
}
