"""The life of a commit, first to last: the only place that knows every stage.

cast       who takes part
reading    what shipway.yml says at a commit, or its files where there is none
order      which environments there are, as the default branch says
plan       what a run has to do
carry      a push becomes a run, and the run goes from its steps to prod
perform    what the engine can do for a run
delivery   the phases of one deployment
conclude   how a deployment ends: done, failed and undone, stuck, or unknown
beneath    whether a release began to fail because a newer one changed the data beneath it
migrations which releases still work with the data as it is
standing   which releases run, and which of them is on trial
probing    what shipway.yml wants asked of them, is asked
probed     what was answered, for the judge
scraping   instances are asked for what they measure
measuring  what instances use of their machine is kept beside that
cold       when what is heard says nothing of a release: Shipway itself has just started it anew, say
evidence   what speaks for and against a release
unanswered that a question which came with it was not known in the environments before either
trial      it is judged beside the one before, and the next share waits for that
condemn    a bad verdict goes on record
reverts    a commit that takes the bad one back is made, whatever dies in between
watch      the trial goes on while the release before is kept warm
standby    whether the release before, kept warm, fails at the same time
asking     in doubt most requests go to the one before: was it the release, or the world?
rehearse   a commit is tried on a copy of the data, with what serves further on, before it goes there
on_a_copy  one release after the other works with a copy of the data
deliver    one environment: an artifact becomes the release that serves there
go_back    the release before, serving again
at_once    it has all requests again, though nothing can be recorded
tend       what should run, runs
retire     what need not run, stops
suspicion  who is suspected of an error, or of a step that failed
printed    what a release on trial prints with a stack in it leads to its commit
acts       what people ask for
"""

from __future__ import annotations

from shipway.story.acts import Story

__all__ = ["Story"]
