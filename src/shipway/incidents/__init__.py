"""Something went wrong: who can mend it hears first, once, with the evidence.

proof       evidence as it is shown, each piece in its place
cause       one trouble that somebody has to hear of
new_errors  the errors that came with a release that came to grief, and where they lead
stops       what stopped a run
production  what production said of a release
failing     what is asked of an environment, and fails while no release is on trial
machine     what the machine itself lacks
causes      what happened, read from a fact
began       where trouble began: what had it before did not bring it
code        what a few lines of a program say, in any language
differences what git says about the commits between two releases
imports     which files another file imports
suspects    the commit that an error came by, or silence
commands    whose commit changed what a release command does to the data
sure        how sure that is, in one set of words
patterns    patterns of paths, read in bounded time
code_owners whose the files are
cleared     which values beside a commit have served well
on_top      what was pushed on top of a bad commit, and whether what takes that back still fits
acts        what a person did by hand that took requests from a release
blame       who can mend it, and why
letter      the form of the text that they get
headlines   what it is called in a few words
words       what it says of trouble
news        what it says of what goes on, is mended, or was decided by hand
follow      more of a cause that somebody is told of already
mended      what is over: whoever was told of it hears that once
by_hand     who loses an environment to what a person did hears of it
tell        facts become messages, each once
channels    by which addresses people are reached
heard       who heard of it: the person, or the owner in their place
outbox      messages are sent, however often it takes
again       a message that nobody took is sent again because a person asks for it
errand      an order goes in, what became of it comes out, and after its time it is gone
answers     what became of a message stands in a file until it is on record
courier     one message, one channel, in a process of its own
mail        the page that a mail is beside its plain text
dsn         the address of an outside Sentry
line        reports of errors that wait to go on, on disk
forward     reports of errors go on to an outside Sentry
pulse       an outside service hears every minute that Shipway is well
"""
