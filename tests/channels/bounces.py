"""What mail servers send back, in their own ways of writing it."""

POSTFIX = """\
Return-Path: <>
Delivered-To: returned@journal.example.org
Received: by mx.journal.example.org (Postfix)
\tid 4F1B21A0C3; Wed, 18 Nov 2026 12:07:02 +0000 (UTC)
Date: Wed, 18 Nov 2026 12:07:02 +0000 (UTC)
From: MAILER-DAEMON@mx.journal.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="0A2B81A0BE.1795003622/mx.journal.example.org"
Message-Id: <20261118120702.4F1B21A0C3@mx.journal.example.org>

This is a MIME-encapsulated message.

--0A2B81A0BE.1795003622/mx.journal.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.journal.example.org.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<ana@example.org>: host mail.example.org[192.0.2.10] said: {said} (in reply to RCPT TO command)

--0A2B81A0BE.1795003622/mx.journal.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.journal.example.org
X-Postfix-Queue-ID: 0A2B81A0BE
X-Postfix-Sender: rfc822; {to}
Arrival-Date: Wed, 18 Nov 2026 12:06:59 +0000 (UTC)

Final-Recipient: rfc822; ana@example.org
Original-Recipient: rfc822;ana@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; {said}

--0A2B81A0BE.1795003622/mx.journal.example.org
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: Aftertide <reminders@journal.example.org>
To: ana@example.org
Subject: A reminder from Aftertide

Appointment

--0A2B81A0BE.1795003622/mx.journal.example.org--
"""

EXCHANGE = """\
From: <postmaster@shoreline.onmicrosoft.com>
To: <{to}>
Subject: Undeliverable: A reminder from Aftertide
Date: Wed, 18 Nov 2026 12:07:04 +0000
Content-Type: multipart/report; report-type="delivery-status";
 boundary="f5c1a9d2-3a5e-4f27-8b7e-6f1c0e5d2a11"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <b7c1f0a6-2a3d-4c83-9d6c-95c1c8f6f1f0@DB9PR02MB0001.eurprd02.prod.outlook.com>
MIME-Version: 1.0
Return-Path: <>

--f5c1a9d2-3a5e-4f27-8b7e-6f1c0e5d2a11
Content-Type: multipart/alternative; differences=Content-Type;
 boundary="0c44a8a4-8f4b-4c1d-9f0b-9d0f7a3e1a22"

--0c44a8a4-8f4b-4c1d-9f0b-9d0f7a3e1a22
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to ana@example.org couldn't be delivered.

--0c44a8a4-8f4b-4c1d-9f0b-9d0f7a3e1a22
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<html><body><p>Your message couldn't be delivered.</p></body></html>

--0c44a8a4-8f4b-4c1d-9f0b-9d0f7a3e1a22--

--f5c1a9d2-3a5e-4f27-8b7e-6f1c0e5d2a11
Content-Type: message/delivery-status

Reporting-MTA: dns;DB9PR02MB0001.eurprd02.prod.outlook.com
Received-From-MTA: dns;mx.journal.example.org
Arrival-Date: Wed, 18 Nov 2026 12:07:01 +0000

Final-Recipient: rfc822;ana@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp;{said}
X-Display-Name: Ana

--f5c1a9d2-3a5e-4f27-8b7e-6f1c0e5d2a11
Content-Type: message/rfc822

From: Aftertide <reminders@journal.example.org>
To: <ana@example.org>
Subject: A reminder from Aftertide

Appointment

--f5c1a9d2-3a5e-4f27-8b7e-6f1c0e5d2a11--
"""

GMAIL = """\
Delivered-To: {to}
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
To: {to}
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: <5d0b7c0f@journal.example.org>
X-Failed-Recipients: ana@example.org
Message-ID: <691c5a2f.050a0220.2f1e7.GMR@mx.google.com>
Date: Wed, 18 Nov 2026 04:07:03 -0800 (PST)
MIME-Version: 1.0
Content-Type: multipart/report; boundary="000000000000a1b2c3d4e5f60718"; report-type=delivery-status

--000000000000a1b2c3d4e5f60718
Content-Type: multipart/related; boundary="000000000000a1b2c3d4e5f60719"

--000000000000a1b2c3d4e5f60719
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to ana@example.org because the address couldn't be found, or is unable to receive mail.

--000000000000a1b2c3d4e5f60719--

--000000000000a1b2c3d4e5f60718
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Arrival-Date: Wed, 18 Nov 2026 04:07:02 -0800 (PST)
X-Original-Message-ID: <5d0b7c0f@journal.example.org>

Final-Recipient: rfc822; ana@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; gmail-smtp-in.l.google.com. (192.0.2.27, the server for the domain.)
Diagnostic-Code: smtp; {said}
Last-Attempt-Date: Wed, 18 Nov 2026 04:07:03 -0800 (PST)

--000000000000a1b2c3d4e5f60718
Content-Type: text/rfc822-headers

From: Aftertide <reminders@journal.example.org>
To: ana@example.org
Subject: A reminder from Aftertide

--000000000000a1b2c3d4e5f60718--
"""

FORMS = {"Postfix": POSTFIX, "Exchange": EXCHANGE, "Gmail": GMAIL}
NO_SUCH_USER = {
    "Postfix": (
        "5.1.1",
        "550 5.1.1 <ana@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    ),
    "Exchange": (
        "5.1.10",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ana@example.org not found by SMTP address lookup",
    ),
    "Gmail": (
        "5.1.1",
        """550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos or
 550 5.1.1 unnecessary spaces. - gsmtp""",
    ),
}


def bounce(form: str, to: str, status: str = "", said: str = "", action: str = "failed") -> bytes:
    """A mail that comes back to `to`: that nobody is there, or what is said instead."""
    if not status:
        status, said = NO_SUCH_USER[form]
    text = FORMS[form].format(to=to, status=status, said=said or f"{status} because", action=action)
    return text.replace("\n", "\r\n").encode()
