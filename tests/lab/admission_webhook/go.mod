module ksail.local/admission-webhook

go 1.24
