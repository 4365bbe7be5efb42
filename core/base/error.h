#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

/* The one list of what can go wrong, and its words. */

enum error {
	OK = 0,
	ERR_NOMEM,              /* out of memory */
	ERR_SYNTAX,             /* text that does not follow its grammar */
	ERR_LIMIT,              /* one of our bounds was reached */
	ERR_BAD_STATE,              /* not possible in the present state */
	ERR_NOT_FOUND,          /* no such object */
	ERR_UNSUPPORTED,        /* understood, and not offered here */
	ERR_TIMEOUT,            /* no answer in time */
	ERR_REFUSED,            /* ICMP port unreachable, TCP RST on connect */
	ERR_UNREACHABLE,        /* no route, host or network unreachable */
	ERR_RESET,              /* an open connection was closed or reset */
	ERR_NETWORK,            /* any other failure of the network */
	ERR_AGAIN,              /* would block: not an error of the peer */
	ERR_ADDRESS_IN_USE,     /* the local address cannot be bound */
	ERR_NO_TRANSPORT,       /* no leg serves the transport or family */
	ERR_DNS,                /* the name does not resolve */
	ERR_TLS,                /* handshake or certificate */
	ERR_AUTH,               /* credentials refused, or none to give */
	ERR_PROTOCOL,           /* the peer broke the protocol */
	ERR_IO,                 /* a file or pipe failed */
	ERR_CANCELLED,          /* given up by our own user */
	ERR_INTERNAL            /* our bug */
};

/* What a user is told of an error: the JSON "class", and what decides the
 * exit status. */
enum error_class {
	CLASS_NONE,
	CLASS_REFUSED,          /* a final 3xx to 6xx, status 1 */
	CLASS_USAGE,            /* 2 */
	CLASS_TIMEOUT,          /* 3 */
	CLASS_NETWORK,          /* 4 */
	CLASS_DNS,              /* 5 */
	CLASS_TLS,              /* 6 */
	CLASS_AUTH,             /* 7 */
	CLASS_EXPECT,           /* 8 */
	CLASS_PROTOCOL,         /* 9 */
	CLASS_INTERNAL          /* 70 */
};

/* A few plain words, lower case, no full stop; never NULL. Static. */
const char *error_text(enum error err);

/* The class of an error that no SIP response names. */
enum error_class error_class(enum error err);

/* The contract's word ("network"), "" for CLASS_NONE. Static. */
const char *error_class_name(enum error_class c);

/* The contract's exit status for a class: 0 for CLASS_NONE. */
int error_class_status(enum error_class c);

#endif
