"""Something went wrong: who can mend it hears first, once, with the evidence.

cause      one trouble that somebody has to hear of
stops      what stopped a run
production what production said of a release
machine    what the machine itself lacks
causes     what happened, read from a fact
suspects   the commit that an error came by, or silence
sure       how sure that is, in one set of words
blame      who can mend it, and why
headlines  what it is called in a few words
words      the text that they get
follow     more of a cause that somebody is told of already
tell       facts become messages, each once
channels   by which addresses people are reached
outbox     messages are sent, however often it takes
courier    one message, one channel, in a process of its own
mail       the page that a mail is beside its plain text
line       reports of errors that wait to go on, on disk
forward    reports of errors go on to an outside Sentry
pulse      an outside service hears every minute that Shipway is well
"""
