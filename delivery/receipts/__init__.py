"""What providers tell later (contract §2, `POST /webhooks/{provider}`): receipts, bounces, complaints, STOP by SMS.

views          from an address to its provider, from errors to answers
twilio, ses    one provider each: proof, then plain words
sns            SNS' envelopes and their signatures
certificates   what those are signed with
links          how a receipt finds its notification
keywords       STOP, START, HELP in people's languages
keeping        the words made durable, in one write each
soft_bounces   how many are too many
once           what was kept already
"""
