#ifndef TESTS_CONFORMANCE_DIALOG_H
#define TESTS_CONFORMANCE_DIALOG_H

/*
 * The figure that RFC 3261 does not draw: every state of a call, every event,
 * and what comes of it. Read it against 9, 12.2, 13, 14, 15 and RFC 5407.
 *
 * A cell lists what we send ("ACK", "200/BYE"), "tell" when the application
 * hears of a request, "!" when its user is told that this cannot be done now,
 * and behind ">" the state it leads to. A cell that is missing: nothing is
 * sent, nobody hears, and the state stays.
 */

enum state {
	CALLING,                /* our INVITE is out */
	PROCEEDING,             /* it had a 100 */
	EARLY,                  /* it had a 180 */
	CANCELLING,             /* given up before any answer */
	CANCELLED,              /* the CANCEL is out */
	CALLER_UP,
	CALLER_LEAVING,         /* our BYE is out */
	RINGING,                /* their INVITE waits */
	RINGING_EARLY,          /* it had our 180 */
	ANSWERED,               /* it had our 200 */
	ANSWERED_LEAVING,       /* and we want to hang up */
	CALLEE_UP,
	CALLEE_LEAVING,
	MODIFYING,              /* our re-INVITE is out */
	MODIFIED,               /* theirs waits */
	ENDED,                  /* their BYE came */
	STATES
};

enum event {
	/* responses to our last INVITE */
	GETS_100, GETS_180, GETS_200, GETS_FORK, GETS_486, GETS_481,
	GETS_491,
	/* to our last BYE and CANCEL */
	BYE_GETS_200, BYE_GETS_481, CANCEL_GETS_200, CANCEL_GETS_481,
	/* requests of theirs, in the dialog as they know it */
	INVITE, INVITE_COPY, ACK, BYE, CANCEL, UPDATE, UPDATE_OFFER, INFO,
	OLD_INFO,
	/* what our user does */
	SAYS_180, SAYS_200, SAYS_486, SENDS_INVITE, SENDS_BYE, SENDS_UPDATE,
	SENDS_INFO, CANCELS, HANGS_UP, CLOSES,
	/* nobody says anything for 64*T1 */
	SILENCE,
	EVENTS
};

static const char *const state_names[STATES] = {
	"calling", "proceeding", "early", "cancelling", "cancelled",
	"caller up", "caller leaving", "ringing", "ringing early",
	"answered", "answered leaving", "callee up", "callee leaving",
	"modifying", "modified", "ended",
};

static const char *const event_names[EVENTS] = {
	"100", "180", "200", "200 of a fork", "486", "481", "491",
	"200 to BYE", "481 to BYE", "200 to CANCEL", "481 to CANCEL",
	"INVITE", "INVITE again", "ACK", "BYE", "CANCEL", "UPDATE",
	"UPDATE with an offer", "INFO", "INFO with an old CSeq",
	"answer 180", "answer 200", "answer 486", "send INVITE", "send BYE",
	"send UPDATE", "send INFO", "cancel", "hang up", "close", "silence",
};

static const char *const expected[STATES][EVENTS] = {
	[CALLING] = {
		[GETS_100] = "> proceeding", [GETS_180] = "> proceeding",
		[GETS_200] = "ACK > confirmed",
		[GETS_FORK] = "ACK > confirmed", [GETS_486] = "ACK > closed",
		[GETS_481] = "ACK > closed", [GETS_491] = "ACK > closed",
		[INVITE] = "481/INVITE", [INVITE_COPY] = "tell",
		[BYE] = "481/BYE", [CANCEL] = "481/CANCEL",
		[UPDATE] = "481/UPDATE", [UPDATE_OFFER] = "481/UPDATE",
		[INFO] = "481/INFO", [OLD_INFO] = "481/INFO", [SAYS_180] = "!",
		[SAYS_200] = "!", [SAYS_486] = "!", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "!", [SENDS_UPDATE] = "UPDATE",
		[SENDS_INFO] = "INFO", [CANCELS] = "> cancelling",
		[HANGS_UP] = "> cancelling", [CLOSES] = "> closed",
		[SILENCE] = "INVITE > closed",
	},
	[PROCEEDING] = {
		[GETS_200] = "ACK > confirmed",
		[GETS_FORK] = "ACK > confirmed", [GETS_486] = "ACK > closed",
		[GETS_481] = "ACK > closed", [GETS_491] = "ACK > closed",
		[INVITE] = "481/INVITE", [INVITE_COPY] = "tell",
		[BYE] = "481/BYE", [CANCEL] = "481/CANCEL",
		[UPDATE] = "481/UPDATE", [UPDATE_OFFER] = "481/UPDATE",
		[INFO] = "481/INFO", [OLD_INFO] = "481/INFO", [SAYS_180] = "!",
		[SAYS_200] = "!", [SAYS_486] = "!", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "!", [SENDS_UPDATE] = "UPDATE",
		[SENDS_INFO] = "INFO", [CANCELS] = "CANCEL > cancelling",
		[HANGS_UP] = "CANCEL > cancelling", [CLOSES] = "> closed",
	},
	[EARLY] = {
		[GETS_200] = "ACK > confirmed",
		[GETS_FORK] = "ACK > confirmed", [GETS_486] = "ACK > closed",
		[GETS_481] = "ACK > closed", [GETS_491] = "ACK > closed",
		[INVITE] = "491/INVITE", [INVITE_COPY] = "tell",
		[BYE] = "200/BYE tell", [CANCEL] = "481/CANCEL",
		[UPDATE] = "tell", [UPDATE_OFFER] = "491/UPDATE",
		[INFO] = "tell", [OLD_INFO] = "tell", [SAYS_180] = "!",
		[SAYS_200] = "!", [SAYS_486] = "!", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "BYE > hanging up", [SENDS_UPDATE] = "UPDATE",
		[SENDS_INFO] = "INFO", [CANCELS] = "CANCEL > cancelling",
		[HANGS_UP] = "CANCEL > cancelling", [CLOSES] = "> closed",
	},
	[CANCELLING] = {
		[GETS_100] = "CANCEL", [GETS_180] = "CANCEL",
		[GETS_200] = "ACK BYE > hanging up",
		[GETS_FORK] = "ACK BYE > hanging up",
		[GETS_486] = "ACK > closed", [GETS_481] = "ACK > closed",
		[GETS_491] = "ACK > closed", [INVITE] = "481/INVITE",
		[INVITE_COPY] = "tell", [BYE] = "481/BYE",
		[CANCEL] = "481/CANCEL", [UPDATE] = "481/UPDATE",
		[UPDATE_OFFER] = "481/UPDATE", [INFO] = "481/INFO",
		[OLD_INFO] = "481/INFO", [SAYS_180] = "!", [SAYS_200] = "!",
		[SAYS_486] = "!", [SENDS_INVITE] = "!", [SENDS_BYE] = "!",
		[SENDS_UPDATE] = "UPDATE", [SENDS_INFO] = "INFO",
		[CANCELS] = "!", [HANGS_UP] = "!", [CLOSES] = "> closed",
		[SILENCE] = "INVITE > closed",
	},
	[CANCELLED] = {
		[GETS_200] = "ACK BYE > hanging up",
		[GETS_FORK] = "ACK BYE > hanging up",
		[GETS_486] = "ACK > ended", [GETS_481] = "ACK > ended",
		[GETS_491] = "ACK > ended", [INVITE] = "491/INVITE",
		[INVITE_COPY] = "tell", [BYE] = "200/BYE tell",
		[CANCEL] = "481/CANCEL", [UPDATE] = "tell",
		[UPDATE_OFFER] = "491/UPDATE", [INFO] = "tell",
		[OLD_INFO] = "tell", [SAYS_180] = "!", [SAYS_200] = "!",
		[SAYS_486] = "!", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "BYE > hanging up", [SENDS_UPDATE] = "UPDATE",
		[SENDS_INFO] = "INFO", [CANCELS] = "!", [HANGS_UP] = "!",
		[CLOSES] = "> closed", [SILENCE] = "CANCEL > closed",
	},
	[CALLER_UP] = {
		[GETS_200] = "ACK", [GETS_FORK] = "ACK BYE", [INVITE] = "tell",
		[INVITE_COPY] = "tell", [BYE] = "200/BYE tell > ended",
		[CANCEL] = "481/CANCEL", [UPDATE] = "tell",
		[UPDATE_OFFER] = "tell", [INFO] = "tell", [OLD_INFO] = "tell",
		[SAYS_180] = "!", [SAYS_200] = "!", [SAYS_486] = "!",
		[SENDS_INVITE] = "INVITE", [SENDS_BYE] = "BYE > hanging up",
		[SENDS_UPDATE] = "UPDATE", [SENDS_INFO] = "INFO",
		[CANCELS] = "!", [HANGS_UP] = "BYE > hanging up",
		[CLOSES] = "> closed",
	},
	[CALLER_LEAVING] = {
		[GETS_200] = "ACK", [GETS_FORK] = "ACK BYE",
		[BYE_GETS_200] = "> ended", [BYE_GETS_481] = "> ended",
		[INVITE] = "481/INVITE", [INVITE_COPY] = "tell",
		[BYE] = "200/BYE tell > ended", [CANCEL] = "481/CANCEL",
		[UPDATE] = "481/UPDATE", [UPDATE_OFFER] = "481/UPDATE",
		[INFO] = "481/INFO", [OLD_INFO] = "481/INFO", [SAYS_180] = "!",
		[SAYS_200] = "!", [SAYS_486] = "!", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "!", [SENDS_UPDATE] = "!", [SENDS_INFO] = "!",
		[CANCELS] = "!", [HANGS_UP] = "!", [CLOSES] = "> closed",
		[SILENCE] = "BYE > closed",
	},
	[RINGING] = {
		[INVITE] = "481/INVITE", [BYE] = "481/BYE",
		[CANCEL] = "200/CANCEL 487/INVITE tell > closed",
		[UPDATE] = "481/UPDATE", [UPDATE_OFFER] = "481/UPDATE",
		[INFO] = "481/INFO", [OLD_INFO] = "481/INFO",
		[SAYS_180] = "180/INVITE",
		[SAYS_200] = "200/INVITE > answered",
		[SAYS_486] = "486/INVITE > closed", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "!", [SENDS_UPDATE] = "UPDATE",
		[SENDS_INFO] = "INFO", [CANCELS] = "!",
		[HANGS_UP] = "603/INVITE > closed",
		[CLOSES] = "480/INVITE > closed", [SILENCE] = "100/INVITE",
	},
	[RINGING_EARLY] = {
		[INVITE] = "500/INVITE", [INVITE_COPY] = "180/INVITE",
		[BYE] = "200/BYE 487/INVITE tell > closed",
		[CANCEL] = "200/CANCEL 487/INVITE tell > closed",
		[UPDATE] = "tell", [UPDATE_OFFER] = "500/UPDATE",
		[INFO] = "tell", [OLD_INFO] = "500/INFO",
		[SAYS_180] = "180/INVITE",
		[SAYS_200] = "200/INVITE > answered",
		[SAYS_486] = "486/INVITE > closed", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "!", [SENDS_UPDATE] = "UPDATE",
		[SENDS_INFO] = "INFO", [CANCELS] = "!",
		[HANGS_UP] = "603/INVITE > closed",
		[CLOSES] = "480/INVITE > closed",
	},
	[ANSWERED] = {
		[INVITE] = "tell", [ACK] = "tell > confirmed",
		[BYE] = "200/BYE tell > closed", [CANCEL] = "200/CANCEL",
		[UPDATE] = "tell", [UPDATE_OFFER] = "tell", [INFO] = "tell",
		[OLD_INFO] = "500/INFO", [SAYS_180] = "!", [SAYS_200] = "!",
		[SAYS_486] = "!", [SENDS_INVITE] = "INVITE", [SENDS_BYE] = "!",
		[SENDS_UPDATE] = "UPDATE", [SENDS_INFO] = "INFO",
		[CANCELS] = "!", [HANGS_UP] = "> hanging up",
		[CLOSES] = "> closed", [SILENCE] = "200/INVITE BYE > ended",
	},
	[ANSWERED_LEAVING] = {
		[INVITE] = "tell", [ACK] = "BYE tell",
		[BYE] = "200/BYE tell > closed", [CANCEL] = "200/CANCEL",
		[UPDATE] = "tell", [UPDATE_OFFER] = "tell", [INFO] = "tell",
		[OLD_INFO] = "500/INFO", [SAYS_180] = "!", [SAYS_200] = "!",
		[SAYS_486] = "!", [SENDS_INVITE] = "INVITE", [SENDS_BYE] = "!",
		[SENDS_UPDATE] = "UPDATE", [SENDS_INFO] = "INFO",
		[CANCELS] = "!", [CLOSES] = "> closed",
		[SILENCE] = "200/INVITE BYE > ended",
	},
	[CALLEE_UP] = {
		[INVITE] = "tell", [BYE] = "200/BYE tell > closed",
		[CANCEL] = "200/CANCEL", [UPDATE] = "tell",
		[UPDATE_OFFER] = "tell", [INFO] = "tell",
		[OLD_INFO] = "500/INFO", [SAYS_180] = "!", [SAYS_200] = "!",
		[SAYS_486] = "!", [SENDS_INVITE] = "INVITE",
		[SENDS_BYE] = "BYE > hanging up", [SENDS_UPDATE] = "UPDATE",
		[SENDS_INFO] = "INFO", [CANCELS] = "!",
		[HANGS_UP] = "BYE > hanging up", [CLOSES] = "> closed",
	},
	[CALLEE_LEAVING] = {
		[BYE_GETS_200] = "> closed", [BYE_GETS_481] = "> closed",
		[INVITE] = "481/INVITE", [BYE] = "200/BYE tell > ended",
		[CANCEL] = "200/CANCEL", [UPDATE] = "481/UPDATE",
		[UPDATE_OFFER] = "481/UPDATE", [INFO] = "481/INFO",
		[OLD_INFO] = "500/INFO", [SAYS_180] = "!", [SAYS_200] = "!",
		[SAYS_486] = "!", [SENDS_INVITE] = "!", [SENDS_BYE] = "!",
		[SENDS_UPDATE] = "!", [SENDS_INFO] = "!", [CANCELS] = "!",
		[HANGS_UP] = "!", [CLOSES] = "> closed",
		[SILENCE] = "BYE > closed",
	},
	[MODIFYING] = {
		[GETS_200] = "ACK", [GETS_FORK] = "ACK", [GETS_486] = "ACK",
		[GETS_481] = "ACK BYE > ended", [GETS_491] = "ACK",
		[INVITE] = "491/INVITE", [INVITE_COPY] = "tell",
		[BYE] = "200/BYE tell > ended", [CANCEL] = "481/CANCEL",
		[UPDATE] = "tell", [UPDATE_OFFER] = "491/UPDATE",
		[INFO] = "tell", [OLD_INFO] = "tell", [SAYS_180] = "!",
		[SAYS_200] = "!", [SAYS_486] = "!", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "BYE > hanging up", [SENDS_UPDATE] = "UPDATE",
		[SENDS_INFO] = "INFO", [HANGS_UP] = "BYE > hanging up",
		[CLOSES] = "> closed", [SILENCE] = "INVITE BYE > ended",
	},
	[MODIFIED] = {
		[INVITE] = "500/INVITE",
		[BYE] = "200/BYE 487/INVITE tell > closed",
		[CANCEL] = "200/CANCEL", [UPDATE] = "tell",
		[UPDATE_OFFER] = "500/UPDATE", [INFO] = "tell",
		[OLD_INFO] = "500/INFO", [SAYS_180] = "180/INVITE",
		[SAYS_200] = "200/INVITE", [SAYS_486] = "486/INVITE",
		[SENDS_INVITE] = "!", [SENDS_BYE] = "BYE > hanging up",
		[SENDS_UPDATE] = "UPDATE", [SENDS_INFO] = "INFO",
		[CANCELS] = "!", [HANGS_UP] = "BYE > hanging up",
		[CLOSES] = "480/INVITE > closed", [SILENCE] = "100/INVITE",
	},
	[ENDED] = {
		[GETS_200] = "ACK", [GETS_FORK] = "ACK BYE",
		[INVITE] = "481/INVITE", [INVITE_COPY] = "tell",
		[BYE] = "481/BYE", [CANCEL] = "481/CANCEL",
		[UPDATE] = "481/UPDATE", [UPDATE_OFFER] = "481/UPDATE",
		[INFO] = "481/INFO", [OLD_INFO] = "481/INFO", [SAYS_180] = "!",
		[SAYS_200] = "!", [SAYS_486] = "!", [SENDS_INVITE] = "!",
		[SENDS_BYE] = "!", [SENDS_UPDATE] = "!", [SENDS_INFO] = "!",
		[CANCELS] = "!", [HANGS_UP] = "!", [CLOSES] = "> closed",
		[SILENCE] = "> closed",
	},
};

#endif
